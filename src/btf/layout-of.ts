import type { Btf } from './btf.js';
import { btfError, malformed } from './btf-error.js';
import type { BtfComposite, BtfDatasec, BtfInt, BtfMember } from './btf-type.js';
import { declaredName } from './declared-name.js';
import type { ArrayLayout, EnumLayout, Layout, MemberLayout, RecordLayout } from './layout.js';
import { type BitRange, bitfieldLayout } from './layout-bitfield.js';
import { enumLayout, floatLayout, intLayout, isBool } from './layout-scalar.js';

/** In bytes. The kernel's own bound on a map value is 2 GiB, which no codec should turn into one JavaScript value. */
const LARGEST_SIZE = 2 ** 28;
/** How deep structs and arrays may nest: far deeper than C that people write, and still no strain on the stack. */
const DEEPEST_NESTING = 100;
/** How many members a layout may have when every struct in it is written out. */
const MOST_MEMBERS = 65_536;
/** How many JavaScript values decoding may make. */
const MOST_VALUES = 2 ** 24;

/**
 * The layout of a type: what codecs are built from.
 *
 * @param btf - the BTF the type is in
 * @param typeId - any type with a size; a var stands for its type and a datasec for a struct of its vars
 * @throws BpfError `ERR_BPF_BTF` when the type has no size or its description contradicts itself
 */
export function layoutOf(btf: Btf, typeId: number): Layout {
  return new LayoutBuilder(btf).build(typeId).layout;
}

/** A layout and what it costs, so that small BTF cannot unfold into endless work. */
interface Costed {
  readonly layout: Layout;
  /** Members, with every use of a struct counted anew. */
  readonly members: number;
  /** Values made by one decode. */
  readonly values: number;
}

interface PlacedMember {
  readonly name: string | undefined;
  readonly offset: number;
  readonly costed: Costed;
}

class LayoutBuilder {
  readonly #btf: Btf;
  readonly #records = new Map<number, Costed>();
  readonly #enums = new Map<number, EnumLayout>();
  #depth = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  build(declaredId: number): Costed {
    if (this.#depth === DEEPEST_NESTING) {
      throw malformed(`type [${declaredId}] nests more than ${DEEPEST_NESTING} deep, or contains itself`);
    }
    this.#depth++;
    const costed = this.#unbounded(declaredId);
    this.#depth--;
    const { layout, members, values } = costed;
    if (layout.size > LARGEST_SIZE || members > MOST_MEMBERS || values > MOST_VALUES) {
      throw btfError(
        `${layout.typeName} (BTF type [${declaredId}]) is too large for a codec: ` +
          `${layout.size} bytes, ${members} members, ${values} values`,
      );
    }
    return costed;
  }

  #unbounded(declaredId: number): Costed {
    const id = this.#btf.resolve(declaredId);
    switch (this.#btf.kindOf(id)) {
      case 'enum':
      case 'enum64':
        return leaf({ ...this.#enum(id), typeName: declaredName(this.#btf, declaredId) });
      case 'struct':
      case 'union':
      case 'datasec':
        return this.#record(id, declaredId);
      default:
        return this.#unnamed(id, declaredName(this.#btf, declaredId));
    }
  }

  #unnamed(id: number, typeName: string): Costed {
    const type = this.#btf.type(id);
    switch (type.kind) {
      case 'int':
        return leaf(wholeInt(type, typeName, id));
      case 'float':
        return leaf(floatLayout(type, typeName));
      case 'ptr':
        return leaf({ kind: 'pointer', typeName, size: this.#btf.pointerSize });
      case 'var':
        return this.build(type.type);
      case 'array':
        return this.#array(type.element, type.count, typeName, id);
      default:
        throw btfError(`${typeName} (BTF type [${id}], ${type.kind}) has no values that could be decoded`);
    }
  }

  #array(elementId: number, count: number, typeName: string, id: number): Costed {
    const element = this.#int(elementId);
    if (element?.size === 1 && !isBool(element)) {
      wholeInt(element, typeName, id);
      return leaf(
        element.name === 'char'
          ? { kind: 'string', typeName, size: count }
          : { kind: 'bytes', typeName, size: count, signed: element.signed },
      );
    }
    if (count === 0) {
      // A flexible array may be of a type that cannot be laid out here, such as a forward declared struct.
      return leaf({ kind: 'array', typeName, size: 0, count, element: undefined });
    }
    const { layout, members, values } = this.build(elementId);
    const array: ArrayLayout = { kind: 'array', typeName, size: layout.size * count, count, element: layout };
    return { layout: array, members: members + 1, values: 1 + values * count };
  }

  /** Enums are read once: a struct may have many fields of one enum with many values. */
  #enum(id: number): EnumLayout {
    const known = this.#enums.get(id);
    if (known) {
      return known;
    }
    const layout = enumLayout(this.#btf.type(id), this.#btf.nameOf(id), id);
    this.#enums.set(id, layout);
    return layout;
  }

  /** Structs are laid out once too, however often they are used. */
  #record(id: number, declaredId: number): Costed {
    const known = this.#records.get(id);
    if (known) {
      return known;
    }
    // A struct without a name of its own is known by that of its typedef.
    const anonymous = this.#btf.bareNameOf(id) === '';
    const typeName = anonymous ? declaredName(this.#btf, declaredId) : this.#btf.nameOf(id);
    const costed = this.#unremembered(id, typeName);
    this.#records.set(id, costed);
    return costed;
  }

  #unremembered(id: number, typeName: string): Costed {
    const type = this.#btf.type(id);
    switch (type.kind) {
      case 'struct':
      case 'union':
        return this.#composite({ ...type, name: typeName }, id);
      case 'datasec':
        return this.#section(type, id);
      default:
        throw malformed(`type [${id}] is a ${type.kind} and has no members`);
    }
  }

  #composite(type: BtfComposite, id: number): Costed {
    const placed: PlacedMember[] = [];
    for (const member of type.members) {
      const one = this.#member(member, type, id);
      if (one) {
        placed.push(one);
      }
    }
    return assemble({ kind: type.kind, typeName: type.name, size: type.size }, placed, id);
  }

  #member(member: BtfMember, record: BtfComposite, id: number): PlacedMember | undefined {
    const anonymous = member.name === '';
    if (anonymous && !this.#isComposite(member.type)) {
      // An unnamed bitfield is padding.
      return undefined;
    }
    const name = anonymous ? undefined : member.name;
    const where = () => `member ${member.name || '(anon)'} of ${record.name} (type [${id}])`;
    const range = bitRange(member, this.#int(member.type));
    if (range) {
      return { name, ...this.#bitfield(member, range, where) };
    }
    if (member.bitOffset % 8 !== 0) {
      throw malformed(`${where()} begins at bit ${member.bitOffset}, inside a byte`);
    }
    return { name, offset: member.bitOffset / 8, costed: this.build(member.type) };
  }

  #bitfield(member: BtfMember, range: BitRange, where: () => string): { offset: number; costed: Costed } {
    const id = this.#btf.resolve(member.type);
    const kind = this.#btf.kindOf(id);
    const int = this.#int(id);
    const holds = int
      ? intLayout(int, '', id)
      : kind === 'enum' || kind === 'enum64'
        ? this.#enum(id)
        : undefined;
    if (!holds) {
      throw malformed(`${where()} is a bitfield of ${kind} type`);
    }
    const typeName = declaredName(this.#btf, member.type);
    const { offset, layout } = bitfieldLayout({ ...holds, typeName }, range, this.#btf.littleEndian, where);
    return { offset, costed: leaf(layout) };
  }

  #section(section: BtfDatasec, id: number): Costed {
    const placed = section.vars.map((entry): PlacedMember => {
      if (this.#btf.kindOf(entry.type) !== 'var') {
        throw btfError(
          `${section.name} (BTF type [${id}]) holds ${this.#btf.nameOf(entry.type)}, which is no variable`,
        );
      }
      return { name: this.#btf.bareNameOf(entry.type), offset: entry.offset, costed: this.build(entry.type) };
    });
    if (section.size === 0 && placed.some(({ costed }) => costed.layout.size > 0)) {
      throw btfError(
        `the size of ${section.name} (BTF type [${id}]) is not filled in: ` +
          'compilers leave that to libbpf, so take the BTF from an object that libbpf has opened',
      );
    }
    return assemble({ kind: 'struct', typeName: section.name, size: section.size }, placed, id);
  }

  #isComposite(id: number): boolean {
    const kind = this.#btf.kindOf(this.#btf.resolve(id));
    return kind === 'struct' || kind === 'union';
  }

  #int(id: number): BtfInt | undefined {
    const resolved = this.#btf.resolve(id);
    const type = this.#btf.kindOf(resolved) === 'int' ? this.#btf.type(resolved) : undefined;
    return type?.kind === 'int' ? type : undefined;
  }
}

function assemble(head: Omit<RecordLayout, 'members'>, placed: readonly PlacedMember[], id: number): Costed {
  const members = placed.map(({ name, offset, costed }): MemberLayout => {
    const end = offset + costed.layout.size;
    if (end > head.size) {
      throw malformed(
        `member ${name ?? '(anon)'} of ${head.typeName} (type [${id}]) takes bytes ${offset} to ${end} of ${head.size}`,
      );
    }
    return memberLayout(name, offset, costed.layout);
  });
  return {
    layout: { ...head, members },
    members: placed.reduce((sum, { costed }) => sum + costed.members, 1),
    values: placed.reduce((sum, { costed }) => sum + costed.values, 1),
  };
}

function memberLayout(name: string | undefined, offset: number, layout: Layout): MemberLayout {
  if (name !== undefined) {
    return { name, offset, layout };
  }
  if (layout.kind !== 'struct' && layout.kind !== 'union') {
    throw malformed(`${layout.typeName} has no members to stand in for an anonymous struct or union`);
  }
  return { name, offset, layout };
}

function leaf(layout: Layout): Costed {
  return { layout, members: 1, values: 1 };
}

function wholeInt(type: BtfInt, typeName: string, id: number): Layout {
  if (type.bits !== type.size * 8 || type.bitOffset !== 0) {
    throw malformed(
      `${typeName} (type [${id}]) is ${type.bits} bits of ${type.size} bytes outside of a struct`,
    );
  }
  return intLayout(type, typeName, id);
}

/** Bitfields come in two forms: a width on the member (kernel 5.0), or an int narrower than its storage. */
function bitRange(member: BtfMember, int: BtfInt | undefined): BitRange | undefined {
  if (member.bitSize > 0) {
    return { firstBit: member.bitOffset + (int?.bitOffset ?? 0), bits: member.bitSize };
  }
  if (int && (int.bits !== int.size * 8 || int.bitOffset !== 0 || member.bitOffset % 8 !== 0)) {
    return { firstBit: member.bitOffset + int.bitOffset, bits: int.bits };
  }
  return undefined;
}
