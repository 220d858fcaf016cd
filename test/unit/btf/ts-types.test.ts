import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Btf, codecFor, layoutOf, TsTypes, type U64 } from '../../../src/btf/index.js';
import { typeCheck } from '../../support/type-check.js';
import { anyType, type TypeSpec } from './arbitrary-type.js';
import { BtfBuilder } from './build-btf.js';

// These compile hundreds of files, on machines that may be busy.
vi.setConfig({ testTimeout: 300_000 });

/** The declarations for a type, and the type. */
function typesOf(build: (b: BtfBuilder) => number, u64: U64 = 'bigint'): { text: string; type: string } {
  const b = new BtfBuilder();
  const id = build(b);
  const types = new TsTypes(u64);
  const type = types.of(layoutOf(Btf.parse(b.bytes()), id));
  return { text: types.declarations.join('\n'), type };
}

/** A value as an expression, so that the compiler sees each of its properties. */
function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number')
    return Object.is(value, -0) ? '-0' : String(value).replace('Infinity', '(1 / 0)');
  if (value instanceof Uint8Array) return `new Uint8Array([${value.join()}])`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, part]) => `[${JSON.stringify(name)}]: ${literal(part)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return String(value);
}

test('what is decoded is of the type written, and what was encoded may be stored', () => {
  const samples = fc.sample(
    fc.tuple(
      anyType.chain((spec) => fc.tuple(fc.constant(spec), spec.values)),
      fc.constantFrom<U64>('bigint', 'number', 'auto'),
    ),
    250,
  );
  const files = samples.map(([[spec, value], u64], i) => [`sample${i}.ts`, sample(spec, value, u64)]);
  expect(typeCheck('samples', Object.fromEntries(files))).toBe('');
});

function sample(spec: TypeSpec, value: unknown, u64: U64): string {
  const b = new BtfBuilder();
  const id = spec.build(b);
  const btf = Btf.parse(b.bytes());
  const codec = codecFor(btf, id, { u64 });
  const decoded = codec.decode(codec.encode(value));
  const { text, type } = typesOf(spec.build, u64);
  // With numbers for 64-bit integers, bigints are not among what is typed, though they can be stored.
  const input = u64 === 'number' ? decoded : value;
  return `import type { Input, Union } from 'bpf-lsm';
    ${text}
    export const decoded: ${type} = ${literal(decoded)};
    export const input: Input<${type}> = ${literal(input)};
    export type Unused = Union<{ a: number }>;`;
}

test('names that mean something in TypeScript, or nothing, are written so that they compile', () => {
  const odd = ['class', '__proto__', 'constructor', 'a b', "it's", 'a"b', '*/ evil', 'x\u2028y', '\n', '0'];
  const structs = [
    'class',
    'Uint8Array',
    'string',
    'union',
    'Union',
    '*/ evil',
    '9lives',
    '---',
    'größe',
    'record',
  ];
  const { text, type } = typesOf((b) => {
    const u8 = b.int('*/ u8', 1);
    const members = odd.map((name, i) => [name, u8, i] as const);
    const records = structs.map((name) => b.struct(name, odd.length, members));
    const enumeration = b.enum('*/ e', Object.fromEntries(odd.map((name, i) => [name, i])));
    return b.struct('all', 1000, [
      ...records.map((id, i) => [`m${i}`, id, i * odd.length] as const),
      ['e', enumeration, 500],
    ]);
  });
  const check = `const value = null as unknown as ${type};
    export const numbers: number[] = [value.m0.class, value.m0["it's"], value.m0['__proto__'], value.m0['*/ evil']];
    export const name: typeof value.e = '*/ evil';`;
  expect(typeCheck('names', { 'names.ts': `${text}\n${check}` })).toBe('');
});

describe('types', () => {
  test('of one name and different members are told apart', () => {
    const { text, type } = typesOf((b) => {
      const u8 = b.int('u8', 1);
      const one = b.struct('foo', 1, [['a', u8, 0]]);
      const same = b.struct('foo', 1, [['a', u8, 0]]);
      const other = b.struct('foo', 1, [['b', u8, 0]]);
      const union = b.union('foo', 1, [
        ['c', u8, 0],
        ['d', u8, 0],
      ]);
      return b.struct('all', 4, [
        ['one', one, 0],
        ['same', same, 1],
        ['other', other, 2],
        ['union', union, 3],
      ]);
    });
    expect(type).toBe('All');
    const members = [...text.matchAll(/^ {2}(\w+): (\w+);$/gm)].map(([, name, of]) => `${name}: ${of}`);
    expect(members).toEqual([
      'a: number',
      'b: number',
      'one: Foo',
      'same: Foo',
      'other: FooStruct',
      'union: FooUnion',
    ]);
  });

  test('without a name are known by their typedef, or written where they are', () => {
    const { text, type } = typesOf((b) => {
      const u8 = b.int('u8', 1);
      const pair = b.typedef('pair_t', b.struct('', 1, [['a', u8, 0]]));
      const nameless = b.struct('', 1, [['b', u8, 0]]);
      const direction = b.enum('', { IN: 0, OUT: 1 });
      return b.struct('all', 8, [
        ['pair', pair, 0],
        ['nameless', nameless, 1],
        ['direction', direction, 4],
      ]);
    });
    expect(type).toBe('All');
    expect(text).toContain('pair: PairT;');
    expect(text).toMatch(/nameless: \{\n {4}\/\*\* u8 \*\/\n {4}b: number;\n {2}\};/);
    expect(text).toContain("direction: 'IN' | 'OUT' | number;");
  });

  test('of small BTF stay small', () => {
    const { type } = typesOf((b) => {
      let id = b.int('u32', 4);
      for (let depth = 0; depth < 7; depth++) id = b.array(id, 8);
      return id;
    });
    expect(type).toBe(`[${Array(8).fill('number').join(', ')}]${'[]'.repeat(6)}`);
  });

  test('that point to themselves end there', () => {
    const { text } = typesOf((b) => {
      const next = b.ptr(2);
      return b.struct('node', 8, [['next', next, 0]]);
    });
    expect(text).toContain('/** struct node * */\n  next: bigint;');
  });

  test('of 64 bits and more follow the rule', () => {
    const build = (b: BtfBuilder) => {
      const u64 = b.int('u64', 8);
      return b.struct('longs', 120, [
        ['long', u64, 0, 0],
        ['bits', u64, 64, 40],
        ['few', u64, 104, 24],
        ['wide', b.enum64('wide', { TOP: 1n << 40n }), 128, 0],
        ['huge', b.int('__int128', 16), 256, 0],
        ['list', b.array(u64, 9), 384, 0],
      ]);
    };
    const of = (mode: U64) =>
      [
        ...typesOf((b) => b.struct('outer', 640, [['s', build(b), 0]]), mode).text.matchAll(
          /^ {2}\w+: (.*);$/gm,
        ),
      ].map(([, type]) => type);
    expect(of('bigint')).toEqual(['bigint', 'bigint', 'number', 'Wide', 'bigint', 'bigint[]', 'Longs']);
    expect(of('number')).toEqual(['number', 'number', 'number', 'Wide', 'bigint', 'number[]', 'Longs']);
    expect(of('auto')).toEqual([
      'number | bigint',
      'number | bigint',
      'number',
      'Wide',
      'bigint',
      '(number | bigint)[]',
      'Longs',
    ]);
  });
});
