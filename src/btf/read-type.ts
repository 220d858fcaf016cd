import { malformed } from './btf-error.js';
import type { BtfInt, BtfLinkage, BtfMember, BtfType } from './btf-type.js';
import { KIND_SHAPES } from './kind.js';
import { countIn, kindIn, TYPE_BYTES } from './type-index.js';

/** Where one type lies, and how to read it. */
export interface TypeRecord {
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** Byte offset of its `struct btf_type`. */
  readonly at: number;
  readonly id: number;
  readonly nameAt: (offset: number) => string;
}

const INT_SIGNED = 1;
const INT_CHAR = 2;
const INT_BOOL = 4;
const LINKAGE: readonly BtfLinkage[] = ['static', 'global', 'extern'];

/**
 * Makes a type from its record, whose extent the type index has already checked.
 *
 * @param lastId - the highest id the type may refer to
 * @throws BpfError `ERR_BPF_BTF` for a reference or name that does not exist
 */
export function readType(record: TypeRecord, lastId: number): BtfType {
  return new TypeReader(record, lastId).read();
}

class TypeReader {
  readonly #record: TypeRecord;
  readonly #lastId: number;
  readonly #info: number;

  constructor(record: TypeRecord, lastId: number) {
    this.#record = record;
    this.#lastId = lastId;
    this.#info = this.#word(4);
  }

  read(): BtfType {
    const number = kindIn(this.#info);
    const kind = KIND_SHAPES[number]?.name ?? 'unknown';
    switch (kind) {
      case 'int':
        return this.#int();
      case 'ptr':
      case 'volatile':
      case 'const':
      case 'restrict':
        return { kind, type: this.#reference(8) };
      case 'array':
        return { kind, element: this.#reference(12), index: this.#reference(16), count: this.#word(20) };
      case 'struct':
      case 'union':
        return { kind, name: this.#name(0), size: this.#word(8), members: this.#members() };
      case 'enum':
        return { kind, ...this.#sized(), signed: this.#flag, values: this.#enumerators() };
      case 'enum64':
        return { kind, ...this.#sized(), signed: this.#flag, values: this.#enumerators64() };
      case 'fwd':
        return { kind, name: this.#name(0), of: this.#flag ? 'union' : 'struct' };
      case 'typedef':
        return { kind, name: this.#name(0), type: this.#reference(8) };
      case 'func':
        return { kind, name: this.#name(0), type: this.#reference(8), linkage: linkage(countIn(this.#info)) };
      case 'func_proto':
        return { kind, returns: this.#reference(8), ...this.#params() };
      case 'var':
        return { kind, name: this.#name(0), type: this.#reference(8), linkage: linkage(this.#word(12)) };
      case 'datasec':
        return { kind, ...this.#sized(), vars: this.#vars() };
      case 'float':
        return { kind, ...this.#sized() };
      case 'decl_tag':
        return { kind, ...this.#tag(), component: this.#word(12) | 0 };
      case 'type_tag':
        return { kind, ...this.#tag() };
      default:
        return { kind: 'unknown', number };
    }
  }

  #int(): BtfInt {
    const word = this.#word(12);
    const encoding = (word >>> 24) & 0xf;
    return {
      kind: 'int',
      ...this.#sized(),
      bits: word & 0xff,
      bitOffset: (word >>> 16) & 0xff,
      signed: (encoding & INT_SIGNED) !== 0,
      char: (encoding & INT_CHAR) !== 0,
      bool: (encoding & INT_BOOL) !== 0,
    };
  }

  #members(): BtfMember[] {
    return this.#each(12, (at) => {
      const offset = this.#word(at + 8);
      return {
        name: this.#name(at),
        type: this.#reference(at + 4),
        // kind_flag packs the bitfield width into the top eight bits of the offset (kernel 5.0).
        bitOffset: this.#flag ? offset & 0xffffff : offset,
        bitSize: this.#flag ? offset >>> 24 : 0,
      };
    });
  }

  #enumerators(): { name: string; value: number }[] {
    return this.#each(8, (at) => {
      const value = this.#word(at + 4);
      return { name: this.#name(at), value: this.#flag ? value | 0 : value };
    });
  }

  #enumerators64(): { name: string; value: bigint }[] {
    return this.#each(12, (at) => {
      const value = BigInt(this.#word(at + 4)) | (BigInt(this.#word(at + 8)) << 32n);
      return { name: this.#name(at), value: this.#flag ? BigInt.asIntN(64, value) : value };
    });
  }

  #params(): { params: { name: string; type: number }[]; variadic: boolean } {
    const params = this.#each(8, (at) => ({ name: this.#name(at), type: this.#reference(at + 4) }));
    const last = params.at(-1);
    const variadic = last !== undefined && last.type === 0 && last.name === '';
    return { params: variadic ? params.slice(0, -1) : params, variadic };
  }

  #vars(): { type: number; offset: number; size: number }[] {
    return this.#each(12, (at) => ({
      type: this.#reference(at),
      offset: this.#word(at + 4),
      size: this.#word(at + 8),
    }));
  }

  #sized(): { name: string; size: number } {
    return { name: this.#name(0), size: this.#word(8) };
  }

  #tag(): { name: string; type: number; attribute: boolean } {
    return { name: this.#name(0), type: this.#reference(8), attribute: this.#flag };
  }

  #each<T>(stride: number, read: (at: number) => T): T[] {
    const elements: T[] = [];
    for (let i = 0; i < countIn(this.#info); i++) {
      elements.push(read(TYPE_BYTES + i * stride));
    }
    return elements;
  }

  get #flag(): boolean {
    return this.#info >>> 31 === 1;
  }

  #word(within: number): number {
    return this.#record.view.getUint32(this.#record.at + within, this.#record.littleEndian);
  }

  #name(within: number): string {
    return this.#record.nameAt(this.#word(within));
  }

  #reference(within: number): number {
    const id = this.#word(within);
    if (id > this.#lastId) {
      throw malformed(`type [${this.#record.id}] refers to type [${id}], but there are only ${this.#lastId}`);
    }
    return id;
  }
}

function linkage(value: number): BtfLinkage {
  return LINKAGE[value] ?? value;
}
