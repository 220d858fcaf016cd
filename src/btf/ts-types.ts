import type { U64 } from './decode-rules.js';
import type { ArrayLayout, BitfieldLayout, EnumLayout, Layout, NamedMember, RecordLayout } from './layout.js';
import { comment, propertyName, quoted, TsNames } from './ts-names.js';

/** Arrays of up to so many elements are tuples, where that fits a line: then the compiler knows how many there are. */
const LONGEST_TUPLE = 8;
const WIDEST_LINE = 100;

/**
 * Writes the TypeScript types of what codecs decode, from the same layouts. Structs, unions and enums with a name, their
 * own or a typedef's, are declared by it; what has none is written out where it is used.
 */
export class TsTypes {
  readonly names: TsNames = new TsNames();
  readonly #long: string;
  readonly #declarations = new Map<string, { name: string; text: string }>();
  #usesUnion = false;

  constructor(u64: U64) {
    this.#long = { bigint: 'bigint', number: 'number', auto: 'number | bigint' }[u64];
  }

  /** The declarations of all named types used so far, each before those that use it. */
  get declarations(): string[] {
    return [...this.#declarations.values()].map(({ text }) => text);
  }

  /** Whether they need the type `Union`. */
  get usesUnion(): boolean {
    return this.#usesUnion;
  }

  /** The type of what decoding gives, written so that it can stand at an indentation. */
  of(layout: Layout, indent = ''): string {
    switch (layout.kind) {
      case 'int':
        return layout.size <= 4 ? 'number' : layout.size === 8 ? this.#long : 'bigint';
      case 'pointer':
        return 'bigint';
      case 'bool':
        return 'boolean';
      case 'float':
        return 'number';
      case 'string':
        return 'string';
      case 'bytes':
        return 'Uint8Array';
      case 'enum':
        return this.#enum(layout, layout.typeName, indent);
      case 'bitfield':
        return this.#bitfield(layout, indent);
      case 'array':
        return this.#array(layout, indent);
      default:
        return this.#record(layout, indent);
    }
  }

  /** The type of what may be stored, in terms of `Input`; undefined when it is that of what decoding gives. */
  inputOf(layout: Layout): string | undefined {
    const type = this.of(layout);
    if (layout.kind === 'struct' || layout.kind === 'union' || layout.kind === 'array')
      return `Input<${type}>`;
    if (layout.kind === 'bytes') return `${type} | readonly number[]`;
    return /\bbigint$/.test(type) && !/\bnumber\b/.test(type)
      ? `${type} | number`
      : this.#wideEnum(layout, type);
  }

  #wideEnum(layout: Layout, type: string): string | undefined {
    const isWide = layout.kind === 'enum' && layout.size === 8 && this.#long === 'bigint';
    return isWide ? `${type} | number` : undefined;
  }

  /** What a member is in C, where its TypeScript type does not tell. */
  declarationInC({ layout }: Pick<NamedMember, 'layout'>): string | undefined {
    switch (layout.kind) {
      case 'struct':
      case 'union':
      case 'enum':
        return undefined;
      case 'bitfield':
        return `${layout.typeName} : ${layout.bits}`;
      default:
        return layout.typeName;
    }
  }

  #array({ element, count }: ArrayLayout, indent: string): string {
    if (!element) return '[]';
    const type = this.of(element, indent);
    const isShort = count <= LONGEST_TUPLE && count * type.length <= WIDEST_LINE && !type.includes('\n');
    if (isShort) return `[${Array(count).fill(type).join(', ')}]`;
    return /[|&]/.test(type) ? `(${type})[]` : `${type}[]`;
  }

  #bitfield({ holds, bits, typeName }: BitfieldLayout, indent: string): string {
    const integer = bits <= 32 ? 'number' : this.#long;
    if (holds.kind === 'bool') return 'boolean';
    if (holds.kind === 'int') return integer;
    return holds.size <= 4 || bits > 32
      ? this.#enum(holds, typeName, indent)
      : alternatives([...namesOf(holds), integer], indent);
  }

  #enum(layout: EnumLayout, typeName: string, indent: string): string {
    const unnamed = layout.size <= 4 ? 'number' : this.#long;
    const write = (at: string) => alternatives([...namesOf(layout), unnamed], at);
    if (isAnonymous(typeName)) return write(indent);
    return this.#declared(typeName, 'Enum', '', (name) => `export type ${name} =${onNewLine(write('  '))};`);
  }

  #record(layout: RecordLayout, indent: string): string {
    if (isAnonymous(layout.typeName)) return this.#written(layout, indent);
    const kind = layout.typeName.startsWith('.') ? 'Section' : layout.kind === 'union' ? 'Union' : 'Struct';
    const text = this.#written(layout, '');
    // Only a lone object type can be an interface, and messages of the compiler call interfaces by their name.
    const isObject = text.startsWith('{') && partsOf(layout).unions.length === 0;
    return this.#declared(layout.typeName, kind, `${layout.size} bytes`, (name) =>
      isObject ? `export interface ${name} ${text}` : `export type ${name} = ${text};`,
    );
  }

  #written(layout: RecordLayout, indent: string): string {
    const { members, unions } = partsOf(layout);
    const object = members.length > 0 || unions.length === 0 ? [this.#object(members, indent)] : [];
    return [...object, ...unions.map((union) => this.#union(union, indent))].join(' & ');
  }

  #object(members: readonly NamedMember[], indent: string): string {
    const inner = `${indent}  `;
    // A name given twice is one property, of which decoding keeps the last.
    const byName = new Map(members.map((member) => [member.name, member]));
    const lines = [...byName.values()].flatMap((member) => {
      const inC = this.declarationInC(member);
      const type = this.of(member.layout, inner);
      return [...(inC ? [comment(inC)] : []), `${propertyName(member.name)}: ${type};`];
    });
    return lines.length > 0 ? `{\n${lines.map((line) => inner + line).join('\n')}\n${indent}}` : '{}';
  }

  #union(layout: RecordLayout, indent: string): string {
    this.#usesUnion = true;
    const inner = `${indent}  `;
    const members = layout.members.map((member) =>
      member.name === undefined ? this.#written(member.layout, inner) : this.#alternative(member, inner),
    );
    return `Union<\n${members.map((member) => `${inner}| ${member}`).join('\n')}\n${indent}>`;
  }

  #alternative(member: NamedMember, indent: string): string {
    const [type, inC] = [this.of(member.layout, indent), this.declarationInC(member)];
    if (type.includes('\n')) return this.#object([member], indent);
    return `{ ${inC ? `${comment(inC)} ` : ''}${propertyName(member.name)}: ${type} }`;
  }

  /** Types of one C name and the same text are one type. */
  #declared(typeName: string, kind: string, size: string, write: (name: string) => string): string {
    const key = `${typeName}\n${write('')}`;
    const known = this.#declarations.get(key);
    if (known) return known.name;
    const wanted = typeName.startsWith('.')
      ? `${typeName}_section`
      : typeName.replace(/^(struct|union|enum) /, '');
    const name = this.names.claim(wanted, kind);
    const head = comment(size ? `\`${typeName}\`, ${size}` : `\`${typeName}\``);
    this.#declarations.set(key, { name, text: `${head}\n${write(name)}` });
    return name;
  }
}

/** The members of a record that stand for themselves, and the unions without a name among them. */
function partsOf(layout: RecordLayout): { members: NamedMember[]; unions: RecordLayout[] } {
  // A union of one member is that member.
  if (layout.kind === 'union' && layout.members.length > 1) return { members: [], unions: [layout] };
  const members: NamedMember[] = [];
  const unions: RecordLayout[] = [];
  for (const member of layout.members) {
    if (member.name !== undefined) {
      members.push(member);
    } else {
      const inner = partsOf(member.layout);
      members.push(...inner.members);
      unions.push(...inner.unions);
    }
  }
  return { members, unions };
}

function isAnonymous(typeName: string): boolean {
  return typeName.includes('(anon)');
}

function namesOf({ enumerators }: EnumLayout): string[] {
  return [...new Set(enumerators.map(({ name }) => quoted(name)))];
}

/** On one line when they are few, else each on its own. */
function alternatives(types: readonly string[], indent: string): string {
  const line = types.join(' | ');
  return line.length <= WIDEST_LINE ? line : types.map((type) => `\n${indent}| ${type}`).join('');
}

function onNewLine(text: string): string {
  return text.startsWith('\n') ? text : ` ${text}`;
}
