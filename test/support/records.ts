import { describe, expect, test } from 'vitest';
import { BpfObject, type Input, PerfBuffer, RingBuffer } from '../../src/index.js';
import type { Kinds, KindsStruct } from '../types/objects/kinds.js';
import type { KindsAuto, Kinds as KindsOfAuto } from '../types/objects/kinds_auto.js';
import type { KindsNumber, Kinds as KindsOfNumber } from '../types/objects/kinds_number.js';
import { input } from './fixtures.js';
import { fixture } from './objects.js';

/** What a program of kinds.bpf.c sends before anything is changed: EVERY_KIND there, value by value. */
const initial = {
  s8: -128,
  u8: 255,
  s16: -32768,
  u16: 65535,
  s32: -2147483648,
  u32: 4294967295,
  s64: -(2n ** 63n),
  u64: 2n ** 64n - 1n,
  yes: true,
  no: false,
  letter: 'k'.charCodeAt(0),
  name: 'kinds of types',
  colour: 'BLUE',
  temperature: 'FREEZING',
  nested: { tag: 513, at: { x: -1, y: 2 }, pair: { low: 3, high: 4 }, left: 3000000000, right: -1294967296 },
  number: {
    whole: 0x0123456789abcdefn,
    signed_whole: 0x0123456789abcdefn,
    halves: [0x89abcdef, 0x01234567],
    bytes: Uint8Array.of(0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01),
  },
  bits: { flag: 1, small: -16, middle: 0x2abcdef, wide: 0xfedcba9876n, rest: -8388608 },
  list: [1, 2, 3, 65535],
  grid: [
    [1, -2, 3],
    [-4, 5, -6],
  ],
  path: [
    { x: 10, y: -10 },
    { x: 20, y: -20 },
  ],
  single: 0.5,
  real: -1.25,
  pointer: 0xffff888000001000n,
} satisfies KindsStruct;

/** Other values, given as they may be and not as they come back. */
const given: Input<KindsStruct> = {
  ...initial,
  s8: 127,
  s64: 2n ** 63n - 1n,
  u64: 2 ** 53 - 1,
  yes: false,
  name: 'größe',
  colour: 99,
  temperature: 'HOT',
  nested: { tag: 0, at: { x: 7, y: -7 }, pair: { low: 0, high: 255 }, right: -1 },
  number: { halves: [1, 2] },
  bits: { flag: 0, small: 15, middle: 1, wide: 2n ** 40n - 1n, rest: 8388607 },
  single: -0.5,
  real: Number.MAX_VALUE,
  pointer: 0,
};

const returned = {
  ...initial,
  s8: 127,
  s64: 2n ** 63n - 1n,
  u64: 2n ** 53n - 1n,
  yes: false,
  name: 'größe',
  colour: 99,
  temperature: 'HOT',
  nested: { tag: 0, at: { x: 7, y: -7 }, pair: { low: 0, high: 255 }, left: 4294967295, right: -1 },
  number: {
    whole: 0x200000001n,
    signed_whole: 0x200000001n,
    halves: [1, 2],
    bytes: Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0),
  },
  bits: { flag: 0, small: 15, middle: 1, wide: 2n ** 40n - 1n, rest: 8388607 },
  single: -0.5,
  real: Number.MAX_VALUE,
  pointer: 0n,
} satisfies KindsStruct;

/** Has the program send what `.data` holds, and reads it. */
function sent<Event>(
  object: BpfObject<{ programs: 'copy_kinds'; maps: object; globals: object }>,
  ring: RingBuffer<Event>,
): Event[] {
  object.programs.copy_kinds.run(input({ events: 2 }));
  return ring.read();
}

/** Records with every kind of value, through a real ring buffer: for kernels of any version, and for the host's. */
export function describeRecords(): void {
  describe('a record with every kind of value', () => {
    test('arrives exactly, and so does what is set, with bigints', async () => {
      using object = await BpfObject.open<Kinds>(fixture('kinds')).load();
      using ring = new RingBuffer(object.maps.records);
      expect(sent(object, ring)).toEqual([initial, initial]);
      object.globals.data_kinds = given;
      expect(sent(object, ring)).toEqual([returned, returned]);
    });

    test('can be changed and sent back, unions and all', async () => {
      using object = await BpfObject.open<Kinds>(fixture('kinds')).load();
      using ring = new RingBuffer(object.maps.records);
      const [event] = sent(object, ring);
      if (!event) throw new Error('no record');
      object.globals.data_kinds = { ...event, u8: 1, nested: { ...event.nested, tag: 2 } };
      const changed = { ...initial, u8: 1, nested: { ...initial.nested, tag: 2 } };
      expect(sent(object, ring)).toEqual([changed, changed]);
      object.maps.by_key.set({ id: 1, zone: -1, port: 2 }, event);
      expect(object.maps.by_key.get({ id: 1, zone: -1, port: 2 })).toEqual(initial);
    });

    test('comes with numbers, the nearest above 2^53', async () => {
      using object = await BpfObject.open<KindsNumber>(fixture('kinds'), { u64: 'number' }).load();
      using ring = new RingBuffer(object.maps.records);
      const numbers = {
        ...initial,
        s64: -(2 ** 63),
        u64: 2 ** 64,
        number: { ...initial.number, whole: 81985529216486900, signed_whole: 81985529216486900 },
        bits: { ...initial.bits, wide: 0xfedcba9876 },
      } satisfies KindsOfNumber;
      expect(sent(object, ring)).toEqual([numbers, numbers]);
    });

    test('comes with numbers where they are exact, else with bigints', async () => {
      using object = await BpfObject.open<KindsAuto>(fixture('kinds'), { u64: 'auto' }).load();
      using ring = new RingBuffer(object.maps.records);
      const either = { ...initial, bits: { ...initial.bits, wide: 0xfedcba9876 } } satisfies KindsOfAuto;
      expect(sent(object, ring)).toEqual([either, either]);
    });

    test('arrives exactly through a perf buffer too, whole and field by field', async () => {
      using object = await BpfObject.open<Kinds>(fixture('kinds')).load();
      using buffer = new PerfBuffer(object.maps.perf_records, { dropped: object.maps.perf_records_dropped });
      object.programs.send_kinds.run();
      object.globals.data_kinds = given;
      object.programs.send_kinds.run();
      for await (const batch of buffer.batches()) {
        expect([...batch]).toEqual([initial, returned]);
        const { single, real, temperature, nested, number, bits, path } = batch.cursor(1);
        const shown = [single, real, temperature, nested.pair.high, [...number.halves], bits.wide, bits.rest];
        expect(shown).toEqual([-0.5, Number.MAX_VALUE, 'HOT', 255, [1, 2], 2n ** 40n - 1n, 8388607]);
        expect(path).toEqual(initial.path);
        break;
      }
      expect(buffer.stats()).toEqual({ delivered: 2, discarded: 0, dropped: 0n, waiting: 0 });
    });

    test('is shown by a cursor as decoding gives it', async () => {
      using object = await BpfObject.open<Kinds>(fixture('kinds')).load();
      using ring = new RingBuffer(object.maps.records);
      object.programs.copy_kinds.run(input({ events: 3 }));
      for await (const batch of ring.batches()) {
        const seen: unknown[] = [];
        for (const { s64, name, colour, nested, number, bits, grid, pointer } of batch.cursors()) {
          seen.push([s64, name, colour, nested.at.x, nested.right, number.bytes, bits.small, grid, pointer]);
        }
        const { s64, name, colour, nested, number, bits, grid, pointer } = initial;
        const one = [s64, name, colour, nested.at.x, nested.right, number.bytes, bits.small, grid, pointer];
        expect(seen).toEqual([one, one, one]);
        expect(batch.decode(2)).toEqual(initial);
        break;
      }
    });
  });
}
