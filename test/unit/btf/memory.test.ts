import { describe, expect, test } from 'vitest';
import { Btf, codecFor } from '../../../src/btf/index.js';
import { locationOf } from '../../../src/btf/memory.js';
import { BtfBuilder } from './build-btf.js';
import { thrownBy } from './thrown.js';

describe('the place of bytes', () => {
  const buffer = new ArrayBuffer(64);
  const whole = new Uint8Array(buffer);
  const part = new Uint8Array(buffer, 8, 16);
  const elsewhere = new Uint8Array(32);

  test('is right in whatever order it is asked for', () => {
    for (const bytes of [whole, part, elsewhere, part, whole, whole, elsewhere, part.subarray(4), part]) {
      const { of, memory, start } = locationOf(bytes);
      expect(of).toBe(bytes);
      expect(memory.buffer).toBe(bytes.buffer);
      expect(memory.view.buffer).toBe(bytes.buffer);
      expect(memory.view.byteLength).toBe(bytes.buffer.byteLength);
      expect(memory.bytes.buffer).toBe(bytes.buffer);
      expect(start).toBe(bytes.byteOffset);
    }
  });

  test('has one pair of views for a buffer that is used by turns with another', () => {
    const views = [whole, elsewhere, part, elsewhere].map((bytes) => locationOf(bytes).memory.view);
    expect(views[2]).toBe(views[0]);
    expect(views[3]).toBe(views[1]);
  });

  test('of memory that was given away in between is refused', () => {
    const b = new BtfBuilder();
    const id = b.int('x', 4);
    const codec = codecFor<number>(Btf.parse(b.bytes()), id);
    const bytes = new Uint8Array(8);
    expect(codec.decode(bytes, 4)).toBe(0);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(thrownBy(() => codec.decode(bytes, 4))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
    expect(thrownBy(() => codec.encode(1, bytes, 4))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
  });
});
