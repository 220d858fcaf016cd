import { describe, expect, test } from 'vitest';
import type { Codec } from '../../../src/btf/index.js';
import { recordsOf } from '../../../src/events/batch.js';
import { thrown } from '../../support/thrown.js';

const HEADER = 8;
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A slab as native/core/records.h lays it out, in the middle of a larger buffer. */
function slabOf(...records: readonly (readonly number[])[]): Uint8Array {
  const size = records.reduce((sum, record) => sum + HEADER + ((record.length + 7) & ~7), 0);
  const slab = new Uint8Array(size + 48).fill(0xee).subarray(24, 24 + size);
  const view = new DataView(slab.buffer, slab.byteOffset);
  let offset = 0;
  for (const record of records) {
    view.setUint32(offset, record.length, littleEndian);
    slab.set(record, offset + HEADER);
    offset += HEADER + ((record.length + 7) & ~7);
  }
  return slab;
}

const bytesOf = (size: number): Codec<number[]> => ({
  typeName: 'struct event',
  size,
  decode: (bytes, offset = 0) => [...bytes.subarray(offset, offset + size)],
  encode: () => new Uint8Array(size),
});

const untypedRecords: Codec<Uint8Array> = {
  typeName: 'char[0]',
  size: 0,
  decode: () => new Uint8Array(0),
  encode: () => new Uint8Array(0),
};

const as = <T>(codec: Codec<T>) => ({ codec, cursors: undefined });

describe('the records of a slab', () => {
  test('come in their order, whatever their sizes and paddings', () => {
    const slab = slabOf([1, 2], [3, 4, 5, 6, 7, 8, 9, 10], [11, 12, 13], [14, 15]);
    const batch = recordsOf(slab, 4, as(bytesOf(2)));
    expect(batch.length).toBe(4);
    expect([...batch]).toEqual([
      [1, 2],
      [3, 4],
      [11, 12],
      [14, 15],
    ]);
  });

  test('are as many as are told, not as many as would fit', () => {
    const slab = slabOf([1], [2], [3]);
    expect([...recordsOf(slab, 2, as(bytesOf(1)))]).toEqual([[1], [2]]);
    expect([...recordsOf(slab, 0, as(bytesOf(1)))]).toEqual([]);
    expect([...recordsOf(new Uint8Array(0), 0, as(bytesOf(1)))]).toEqual([]);
  });

  test('can be iterated again, and left early', () => {
    const batch = recordsOf(slabOf([1], [2]), 2, as(bytesOf(1)));
    for (const _ of batch) break;
    expect([...batch]).toEqual([...batch]);
  });

  test('are decoded when they are asked for', () => {
    let decoded = 0;
    const codec = bytesOf(1);
    const counting: Codec<number[]> = {
      ...codec,
      decode(bytes, offset) {
        decoded++;
        return codec.decode(bytes, offset);
      },
    };
    const iterator = recordsOf(slabOf([1], [2], [3]), 3, as(counting))[Symbol.iterator]();
    expect(decoded).toBe(0);
    iterator.next();
    expect(decoded).toBe(1);
  });

  test('of no declared type are bytes of their own', () => {
    const slab = slabOf([1, 2, 3], [], [4]);
    const [first, second, third] = recordsOf(slab, 3, as(untypedRecords));
    slab.fill(0);
    expect(first).toEqual(Uint8Array.of(1, 2, 3));
    expect(second).toEqual(new Uint8Array(0));
    expect(third).toEqual(Uint8Array.of(4));
  });

  test('that are too short for their type are refused', async () => {
    const batch = recordsOf(slabOf([1, 2, 3, 4], [1, 2, 3]), 2, as(bytesOf(4)));
    const error = await thrown(() => [...batch]);
    expect(error).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE', reason: 'input' });
    expect(error.message).toContain('a record of 3 bytes is too short for struct event, which takes 4');
    expect(error.hint).toContain('__type(value, ...)');
  });
});
