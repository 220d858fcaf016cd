import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { compileCodec } from '../../../src/btf/codec.js';
import { compileCursor } from '../../../src/btf/cursor.js';
import { Btf, cursorFor, type Layout, layoutOf } from '../../../src/btf/index.js';
import { namedMembers } from '../../../src/btf/layout.js';
import { anyType } from './arbitrary-type.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

// Thousands of cursors are made here, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const backEnds = ['generated', 'closure'] as const;

/** Whether a cursor's fields show what a decoded value holds, one by one. */
function shows(fields: unknown, layout: Layout, decoded: unknown): boolean {
  if (layout.kind !== 'struct' && layout.kind !== 'union') return isDeepStrictEqual(fields, decoded);
  return namedMembers(layout).every((member) =>
    shows(
      (fields as Record<string, unknown>)[member.name],
      member.layout,
      (decoded as Record<string, unknown>)[member.name],
    ),
  );
}

test('both back ends show field by field what decoding gives, record after record', () => {
  fc.assert(
    fc.property(
      anyType,
      fc.boolean(),
      fc.constantFrom('bigint', 'number', 'auto'),
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      (spec, littleEndian, u64, noise) => {
        const b = new BtfBuilder();
        const id = spec.build(b);
        const layout = layoutOf(Btf.parse(b.bytes({ littleEndian })), id);
        fc.pre(layout.kind === 'struct' || layout.kind === 'union');
        const options = { typeName: 'struct record', littleEndian, u64 };
        const bytes = Uint8Array.from({ length: 3 + 2 * spec.size }, () => noise.next().value);
        const codec = compileCodec(layout, { ...options, backEnd: 'closure' });
        for (const backEnd of backEnds) {
          const cursor = new (compileCursor(layout, { ...options, backEnd }))();
          expect(shows(cursor.fields, layout, codec.decode(new Uint8Array(spec.size)))).toBe(true);
          for (const at of [3, 3 + spec.size, 0]) {
            expect(cursor.moveTo(bytes, at)).toBe(cursor.fields);
            expect(shows(cursor.fields, layout, codec.decode(bytes, at))).toBe(true);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

interface Process {
  pid: number;
  at: { x: number };
  more: { x: number }[];
}

describe.each(backEnds)('the %s cursor', (backEnd) => {
  function build(b: BtfBuilder): number {
    const u8 = b.int('u8', 1);
    const point = b.struct('point', 1, [['x', u8, 0]]);
    return b.struct('record', 4, [
      ['pid', u8, 0],
      ['at', point, 1],
      ['more', b.array(point, 2), 2],
    ]);
  }

  function cursors<T>(make: (b: BtfBuilder) => number) {
    const b = new BtfBuilder();
    const id = make(b);
    const btf = Btf.parse(b.bytes());
    return compileCursor<T>(layoutOf(btf, id), { typeName: btf.nameOf(id), littleEndian: true, backEnd });
  }

  test('names its type and size', () => {
    const Cursor = cursors(build);
    expect([Cursor.typeName, Cursor.size]).toEqual(['struct record', 4]);
  });

  test('shows what the bytes hold at the moment', () => {
    const cursor = new (cursors<Process>(build))();
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const fields = cursor.moveTo(bytes);
    expect([fields.pid, fields.at.x, fields.more]).toEqual([1, 2, [{ x: 3 }, { x: 4 }]]);
    bytes[0] = 9;
    expect(fields.pid).toBe(9);
  });

  test('stands apart from others of its class', () => {
    const Cursor = cursors<Process>(build);
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const [first, second] = [new Cursor().moveTo(bytes), new Cursor().moveTo(bytes, 4)];
    expect([first.pid, first.at.x, second.pid, second.at.x]).toEqual([1, 2, 5, 6]);
    expect([first.at.x, second.at.x]).toEqual([2, 6]);
  });

  test('cannot be assigned to, and stays where it is when the bytes are too few', () => {
    const cursor = new (cursors<Process>(build))();
    const fields = cursor.moveTo(Uint8Array.of(1, 2, 3, 4));
    expect(() => Object.assign(fields, { pid: 7 })).toThrow(TypeError);
    expect(thrownBy(() => cursor.moveTo(new Uint8Array(3)))).toMatchObject({
      code: 'ERR_BPF_VALUE_RANGE',
      message: 'record: takes 4 bytes at offset 0, 3 given',
    });
    expect(fields.pid).toBe(1);
  });

  test('has fields named like parts of JavaScript', () => {
    const names = ['__proto__', 'constructor', 'move', 'moveTo', 'prototype', '#at', 'a"b', 'x\u2028y', '`'];
    const Cursor = cursors<{ [name: string]: number }>((b) => {
      const u8 = b.int('u8', 1);
      const members = names.map((name, i) => [name, u8, i] as const);
      return b.struct('odd', names.length, members);
    });
    const fields = new Cursor().moveTo(Uint8Array.from(names, (_, i) => i + 1));
    expect(names.map((name) => fields[name])).toEqual(names.map((_, i) => i + 1));
  });

  test('is not made for a type without fields', () => {
    expect(thrownBy(() => cursors((b) => b.int('u8', 1)))).toMatchObject({ code: 'ERR_BPF_BTF' });
  });
});

test('cursorFor takes a type of a BTF', () => {
  const b = new BtfBuilder();
  const id = b.typedef('event_t', b.struct('event', 8, [['time', b.int('u64', 8), 0]]));
  const Cursor = cursorFor<{ time: number }>(Btf.parse(b.bytes()), id, { u64: 'number' });
  expect(new Cursor().moveTo(Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0)).time).toBe(7);
});
