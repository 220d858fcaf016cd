import { describe, expect, test } from 'vitest';
import { compileCodec } from '../../../src/btf/codec.js';
import { Btf, type Codec, layoutOf } from '../../../src/btf/index.js';
import { isDense, isScalar } from '../../../src/btf/layout-cover.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

function built(build: (b: BtfBuilder) => number) {
  const b = new BtfBuilder();
  const id = build(b);
  return layoutOf(Btf.parse(b.bytes()), id);
}

const dense = built((b) => {
  const u32 = b.int('u32', 4);
  const u16 = b.int('u16', 2);
  return b.struct('dense', 12, [
    ['a', u32, 0],
    ['list', b.array(u16, 2), 4],
    ['b', u32, 8],
  ]);
});
const padded = built((b) =>
  b.struct('padded', 12, [
    ['a', b.int('u32', 4), 0],
    ['small', b.int('u8', 1), 4],
    ['b', b.int('u32', 4), 8],
  ]),
);
const scalar = built((b) => b.int('u32', 4));

test('a layout is dense when encoding writes all of its bytes', () => {
  expect(isDense(dense)).toBe(true);
  expect(isDense(scalar)).toBe(true);
  expect(isDense(padded)).toBe(false);
  expect(isDense(built((b) => b.array(b.int('char', 1), 8)))).toBe(false);
  expect(isDense(built((b) => b.struct('none', 0, [])))).toBe(true);
  expect(
    isDense(
      built((b) =>
        b.struct('overlapping', 8, [
          ['a', b.int('u32', 4), 0],
          ['b', b.int('u32', 4), 2],
        ]),
      ),
    ),
  ).toBe(false);
});

test('a layout is scalar when it is one number of at most 8 bytes', () => {
  expect(isScalar(scalar)).toBe(true);
  expect(isScalar(built((b) => b.int('u64', 8)))).toBe(true);
  expect(isScalar(built((b) => b.int('u128', 16)))).toBe(false);
  expect(isScalar(dense)).toBe(false);
});

describe.each(['generated', 'closure'] as const)('encoding by the %s back end', (backEnd) => {
  const codec = (layout: typeof dense, partial = false): Codec =>
    compileCodec(layout, { typeName: 'x', littleEndian: true, backEnd, partial });
  const bytes = (...values: number[]) => Uint8Array.from(values);

  test('stores nothing of what is wrong at its end, and nothing of it comes up later', () => {
    for (const [layout, right, wrong, expected] of [
      [
        dense,
        { a: 1, list: [2, 3], b: 4 },
        { a: 0xffffffff, list: [0xffff, 0xffff], b: -1 },
        bytes(1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 0, 0),
      ],
      [
        padded,
        { a: 1, small: 2, b: 4 },
        { a: 0xffffffff, small: 255, b: -1 },
        bytes(1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0),
      ],
      [scalar, 1, -1, bytes(1, 0, 0, 0)],
    ] as const) {
      const c = codec(layout);
      const into = new Uint8Array(expected.length + 4).fill(0xee);
      expect(thrownBy(() => c.encode(wrong, into, 2)).code).toBe('ERR_BPF_VALUE_RANGE');
      expect(into).toEqual(new Uint8Array(expected.length + 4).fill(0xee));
      expect(c.encode(right, into, 2)).toBe(into);
      expect(into).toEqual(bytes(0xee, 0xee, ...expected, 0xee, 0xee));
      expect(c.encode(right)).toEqual(expected);
    }
  });

  test('clears what is left out where that is allowed', () => {
    const c = codec(dense, true);
    c.encode({ a: 0xffffffff, list: [0xffff, 0xffff], b: 0xffffffff });
    expect(c.encode({ b: 1 })).toEqual(bytes(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
  });

  test('clears padding of memory that was in use', () => {
    const into = new Uint8Array(12).fill(0xff);
    codec(padded).encode({ a: 1, small: 2, b: 3 }, into);
    expect(into).toEqual(bytes(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0));
  });

  test('gives fresh bytes each time', () => {
    for (const [layout, value] of [
      [scalar, 7],
      [dense, { a: 1, list: [2, 3], b: 4 }],
    ] as const) {
      const c = codec(layout);
      const first = c.encode(value);
      expect(c.encode(value)).not.toBe(first);
      expect(c.encode(value).buffer).not.toBe(first.buffer);
    }
  });
});
