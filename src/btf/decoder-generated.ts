import type { DecodeRules, Reader } from './decode-rules.js';
import {
  type ArrayLayout,
  type BitfieldLayout,
  type Layout,
  type LeafLayout,
  namedMembers,
  type RecordLayout,
} from './layout.js';
import { isNarrow } from './read-bits.js';
import { leafReader } from './read-leaf.js';

/**
 * Builds a decoder as source text and compiles it: one object literal per struct gives every event the same hidden
 * class. The text holds numbers and names quoted by JSON.stringify, nothing else from the BTF.
 */
export function generatedDecoder(layout: Layout, rules: DecodeRules): Reader {
  const writer = new DecoderWriter(rules);
  const value = writer.value(layout, 'at', 0);
  const text = `'use strict';\n${writer.declarations()}\nreturn (view, bytes, at) => (${value});`;
  return new Function('readers', text)(writer.readers) as Reader;
}

/** Writes the expressions that decode, in terms of the variables `view`, `bytes` and a position. */
export class DecoderWriter {
  readonly readers: Reader[] = [];
  readonly #functions: string[] = [];
  readonly #rules: DecodeRules;

  constructor(rules: DecodeRules) {
    this.#rules = rules;
  }

  declarations(): string {
    const readers = this.readers.map((_, i) => `const read${i} = readers[${i}];`);
    return [...readers, ...this.#functions].join('\n');
  }

  /** An expression for the value `offset` bytes after the position that the expression `base` gives. */
  value(layout: Layout, base: string, offset: number): string {
    const at = offset === 0 ? base : `${base} + ${offset}`;
    switch (layout.kind) {
      case 'struct':
      case 'union':
        return this.#record(layout, base, offset);
      case 'array':
        return this.#array(layout, at);
      default:
        return this.#inline(layout, at) ?? this.#call(layout, at);
    }
  }

  #record(layout: RecordLayout, base: string, offset: number): string {
    const members = namedMembers(layout, offset).map(
      (member) => `${propertyKey(member.name)}: ${this.value(member.layout, base, member.offset)}`,
    );
    return `{ ${members.join(', ')} }`;
  }

  #array(layout: ArrayLayout, at: string): string {
    if (!layout.element) {
      return '[]';
    }
    const element = this.value(layout.element, 'at', 0);
    const name = `array${this.#functions.length}`;
    this.#functions.push(
      `const ${name} = (view, bytes, at) => {
        const elements = [];
        for (let i = 0; i < ${layout.count}; i++, at += ${layout.element.size}) elements.push(${element});
        return elements;
      };`,
    );
    return `${name}(view, bytes, ${at})`;
  }

  #call(layout: LeafLayout, at: string): string {
    this.readers.push(leafReader(layout, this.#rules));
    return `read${this.readers.length - 1}(view, bytes, ${at})`;
  }

  /** The commonest leaves are written out; the engine then sees through the whole struct. */
  #inline(layout: LeafLayout, at: string): string | undefined {
    switch (layout.kind) {
      case 'int':
        return this.#int(layout.size, layout.signed, at);
      case 'pointer':
        return layout.size === 8 ? `view.getBigUint64(${at}, ${this.#little})` : undefined;
      case 'float':
        return `view.getFloat${layout.size * 8}(${at}, ${this.#little})`;
      case 'bool':
        return layout.size === 1 ? `bytes[${at}] !== 0` : undefined;
      case 'bitfield':
        return this.#bits(layout, at);
      default:
        return undefined;
    }
  }

  #int(size: number, signed: boolean, at: string): string | undefined {
    const sign = signed ? 'Int' : 'Uint';
    if (size <= 4) {
      return `view.get${sign}${size * 8}(${at}, ${this.#little})`;
    }
    if (size !== 8 || this.#rules.u64 === 'auto') {
      return undefined;
    }
    if (this.#rules.u64 === 'bigint') {
      return `view.getBig${sign}64(${at}, ${this.#little})`;
    }
    const [low, high] = this.#rules.littleEndian ? [at, `${at} + 4`] : [`${at} + 4`, at];
    return `view.get${sign}32(${high}, ${this.#little}) * 4294967296 + view.getUint32(${low}, ${this.#little})`;
  }

  #bits(layout: BitfieldLayout, at: string): string | undefined {
    const { size, bits, bitsBelow, holds } = layout;
    if (!isNarrow(layout) || holds.kind === 'enum') {
      return undefined;
    }
    const bytes = Array.from({ length: size }, (_, i) => {
      const shift = 8 * (this.#rules.littleEndian ? i : size - 1 - i);
      return `bytes[${at} + ${i}]${shift > 0 ? ` << ${shift}` : ''}`;
    });
    const word = `(${bytes.join(' | ')}) << ${32 - bits - bitsBelow}`;
    if (holds.kind === 'bool') {
      return `${word} >>> ${32 - bits} !== 0`;
    }
    return `${word} ${holds.signed ? '>>' : '>>>'} ${32 - bits}`;
  }

  get #little(): boolean {
    return this.#rules.littleEndian;
  }
}

/** A quoted name in brackets: without them, a literal's `__proto__` would set the prototype. */
export function propertyKey(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name);
}
