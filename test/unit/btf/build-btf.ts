import { Buffer } from 'node:buffer';

/** A member of a struct or union: at a byte offset, or at a bit offset with a width. */
export type MemberSpec = readonly [name: string, type: number, at: number, bits?: number];

/** An integer's encoding and, for the bitfields of old compilers, its narrower width. */
export interface IntSpec {
  signed?: boolean;
  char?: boolean;
  bool?: boolean;
  bits?: number;
  bitOffset?: number;
}

/** How the bytes are put together. */
export interface BytesSpec {
  littleEndian?: boolean;
  /** At least 24; 32 or more holds the fields of the layout section. */
  headerLength?: number;
  /** The layout section: fixed and repeated bytes of each kind, from kind 0. */
  layout?: readonly (readonly [fixed: number, repeated: number])[];
}

const KIND_FLAG = 0x80000000;

/** Builds BTF byte by byte, valid or not; each method adds a type and gives its id. */
export class BtfBuilder {
  readonly #words: number[] = [];
  #strings = '\0';
  #nextId: number;
  readonly #stringBase: number;

  /** For split BTF, the number of types and of string bytes of the base. */
  constructor(base: { types: number; strings: number } = { types: 0, strings: 0 }) {
    this.#nextId = base.types + 1;
    this.#stringBase = base.strings;
    this.#strings = base.strings > 0 ? '' : '\0';
  }

  /** The bytes of names so far, which split BTF continues. */
  get stringLength(): number {
    return Buffer.byteLength(this.#strings);
  }

  int(name: string, size: number, spec: IntSpec = {}): number {
    const encoding = (spec.signed ? 1 : 0) | (spec.char ? 2 : 0) | (spec.bool ? 4 : 0);
    const word = (encoding << 24) | ((spec.bitOffset ?? 0) << 16) | (spec.bits ?? size * 8);
    return this.add(1, name, 0, size, [word]);
  }

  ptr(type: number): number {
    return this.add(2, '', 0, type);
  }

  array(element: number, count: number, index = element): number {
    return this.add(3, '', 0, 0, [element, index, count]);
  }

  struct(name: string, size: number, members: readonly MemberSpec[]): number {
    return this.#composite(4, name, size, members);
  }

  union(name: string, size: number, members: readonly MemberSpec[]): number {
    return this.#composite(5, name, size, members);
  }

  enum(name: string, values: Record<string, number>, { size = 4, signed = false } = {}): number {
    const words = Object.entries(values).flatMap(([key, value]) => [this.name(key), value]);
    return this.add(6, name, Object.keys(values).length + (signed ? KIND_FLAG : 0), size, words);
  }

  fwd(name: string, of: 'struct' | 'union' = 'struct'): number {
    return this.add(7, name, of === 'union' ? KIND_FLAG : 0, 0);
  }

  typedef(name: string, type: number): number {
    return this.add(8, name, 0, type);
  }

  volatile(type: number): number {
    return this.add(9, '', 0, type);
  }

  const(type: number): number {
    return this.add(10, '', 0, type);
  }

  restrict(type: number): number {
    return this.add(11, '', 0, type);
  }

  func(name: string, proto: number, linkage = 1): number {
    return this.add(12, name, linkage, proto);
  }

  funcProto(returns: number, params: readonly (readonly [name: string, type: number])[]): number {
    const words = params.flatMap(([name, type]) => [this.name(name), type]);
    return this.add(13, '', params.length, returns, words);
  }

  var(name: string, type: number, linkage = 1): number {
    return this.add(14, name, 0, type, [linkage]);
  }

  datasec(
    name: string,
    size: number,
    vars: readonly (readonly [type: number, offset: number, size: number])[],
  ): number {
    return this.add(15, name, vars.length, size, vars.flat());
  }

  float(name: string, size: number): number {
    return this.add(16, name, 0, size);
  }

  declTag(text: string, type: number, component = -1): number {
    return this.add(17, text, 0, type, [component]);
  }

  typeTag(text: string, type: number): number {
    return this.add(18, text, 0, type);
  }

  enum64(name: string, values: Record<string, bigint>, { size = 8, signed = false } = {}): number {
    const words = Object.entries(values).flatMap(([key, value]) => [
      this.name(key),
      Number(BigInt.asUintN(32, value)),
      Number(BigInt.asUintN(32, value >> 32n)),
    ]);
    return this.add(19, name, Object.keys(values).length + (signed ? KIND_FLAG : 0), size, words);
  }

  /** Any kind at all: `info` gives the count and the kind flag. */
  add(kind: number, name: string, info: number, sizeOrType: number, rest: readonly number[] = []): number {
    this.#words.push(this.name(name), kind * 0x1000000 + info, sizeOrType);
    for (const word of rest) {
      this.#words.push(word);
    }
    return this.#nextId++;
  }

  /** Adds a name, or finds the place of the empty one. */
  name(text: string): number {
    if (text === '') {
      return 0;
    }
    const offset = this.#stringBase + this.stringLength;
    this.#strings += `${text}\0`;
    return offset;
  }

  bytes({ littleEndian = true, headerLength = 24, layout }: BytesSpec = {}): Uint8Array {
    const header = layout ? Math.max(headerLength, 32) : headerLength;
    const typeBytes = this.#words.length * 4;
    const strings = Buffer.from(this.#strings);
    const layoutOffset = Math.ceil((typeBytes + strings.length) / 4) * 4;
    const bytes = new Uint8Array(
      header + (layout ? layoutOffset + layout.length * 4 : typeBytes + strings.length),
    );
    const view = new DataView(bytes.buffer);
    const put = (at: number, value: number) => view.setUint32(at, value, littleEndian);
    view.setUint16(0, 0xeb9f, littleEndian);
    view.setUint8(2, 1);
    for (const [i, value] of [header, 0, typeBytes, typeBytes, strings.length].entries()) {
      put(4 + i * 4, value);
    }
    for (const [i, value] of this.#words.entries()) {
      put(header + i * 4, value);
    }
    bytes.set(strings, header + typeBytes);
    if (layout) {
      put(24, layoutOffset);
      put(28, layout.length * 4);
      for (const [i, [fixed, repeated]] of layout.entries()) {
        bytes.set([fixed, repeated, 0, 0], header + layoutOffset + i * 4);
      }
    }
    return bytes;
  }

  #composite(kind: number, name: string, size: number, members: readonly MemberSpec[]): number {
    const hasBits = members.some(([, , , bits]) => bits !== undefined);
    const words = members.flatMap(([member, type, at, bits]) => [
      this.name(member),
      type,
      bits === undefined ? at * 8 : bits * 0x1000000 + at,
    ]);
    return this.add(kind, name, members.length + (hasBits ? KIND_FLAG : 0), size, words);
  }
}
