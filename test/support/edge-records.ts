import { describe, expect, test } from 'vitest';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { fixture } from './objects.js';

type Edge = Record<string, unknown>;

/** test/fixtures/bpf/edge_kinds.bpf.c */
interface EdgeKinds {
  programs: 'copy_edge';
  maps: {
    by_number: { key: bigint; value: Edge };
    per_cpu: { key: number; value: Edge[] };
    records: { key: never; value: Edge };
    records_dropped: { key: number; value: bigint[] };
  };
  globals: { edge: Edge };
}

const zero: Edge = {
  huge: 0n,
  negative: 0n,
  typedefs: 0,
  labels: ['', ''],
  tiny: 0,
  unset: 'UNSET',
  straddling: { first: 0, second: 0, third: 0, fourth: 0, fifth: false, sixth: 0n, seventh: 0 },
  packed: { before: 0, unaligned: 0n, unaligned_single: 0, unaligned_real: 0 },
  outer: 0n,
  left: 0,
  middle: 0,
  halves: Uint8Array.of(0, 0),
  right: 0,
  switches: [false, false, false],
  steps: Uint8Array.of(0, 0, 0, 0),
  list: [0n, 0n],
  pointers: [0n, 0n],
  singles: [0, 0],
  reals: [0, 0],
  nothing: {},
  tail: [],
};

/** The largest and the smallest that fits, side by side. */
const extreme: Edge = {
  huge: 2n ** 128n - 1n,
  negative: -(2n ** 127n),
  typedefs: -32768,
  labels: ['seven..', ''],
  tiny: 'TINY_LOW',
  unset: 'UNSET',
  straddling: {
    first: 7,
    second: 0,
    third: -(2 ** 20),
    fourth: 'TINY_HIGH',
    fifth: true,
    sixth: -(2n ** 62n),
    seventh: 1,
  },
  packed: {
    before: 255,
    unaligned: 2n ** 64n - 1n,
    unaligned_single: 2 ** -149,
    unaligned_real: -Number.MIN_VALUE,
  },
  outer: 0x0403_0201_beef_5678n,
  left: 0x5678,
  middle: 0xbeef,
  halves: Uint8Array.of(0xef, 0xbe),
  right: 0x04030201,
  switches: [true, false, true],
  steps: Uint8Array.of(128, 255, 0, 127),
  list: [-(2n ** 63n), 2n ** 63n - 1n],
  pointers: [2n ** 64n - 1n, 1n],
  singles: [Number.NEGATIVE_INFINITY, 1.5],
  reals: [Number.NaN, -0],
  nothing: {},
  tail: [],
};

/** Other bit patterns in the bitfields, and one that has no name in an enum of one byte. */
const mixed: Edge = {
  ...extreme,
  huge: 1n,
  negative: -1n,
  tiny: 7,
  straddling: {
    first: 0,
    second: 1023,
    third: 2 ** 20 - 1,
    fourth: 50,
    fifth: false,
    sixth: 2n ** 62n - 1n,
    seventh: 0,
  },
};

/** For kernels of any version, and for the host's. */
export function describeEdgeRecords(): void {
  describe('a record with the less common kinds of value', () => {
    test.each([
      ['zeroes', zero],
      ['extremes', extreme],
      ['a mixture', mixed],
    ])(
      'goes in and comes out of a global, a hash map, a per-CPU array and a ring buffer: %s',
      async (_, edge) => {
        using object = await BpfObject.open<EdgeKinds>(fixture('edge_kinds')).load();
        using ring = new RingBuffer(object.maps.records, { dropped: object.maps.records_dropped });
        object.globals.edge = edge;
        expect(object.globals.edge).toEqual(edge);

        expect(object.programs.copy_edge.run()).toBe(0);
        expect(object.maps.by_number.get(1n)).toEqual(edge);
        expect(ring.read()).toEqual([edge]);
        const perCpu = object.maps.per_cpu.get(0) ?? [];
        expect(perCpu).toContainEqual(edge);

        // What user space stores itself reads back the same, one value for each CPU.
        object.maps.by_number.set(2n, edge);
        expect(object.maps.by_number.get(2n)).toEqual(edge);
        const alternating = perCpu.map((_, cpu) => (cpu % 2 === 0 ? extreme : zero));
        object.maps.per_cpu.set(0, alternating);
        expect(object.maps.per_cpu.get(0)).toEqual(alternating);
      },
    );

    test('takes one member of nested unions without names, or several that agree', async () => {
      using object = await BpfObject.open<EdgeKinds>(fixture('edge_kinds')).load();
      const { outer, left, middle, halves, right, ...rest } = extreme;
      for (const members of [
        { outer },
        { left, middle, right },
        { left, halves, right },
        { outer, left, middle, halves, right },
      ]) {
        object.globals.edge = { ...rest, ...members };
        expect(object.globals.edge).toEqual(extreme);
      }
      object.globals.edge = zero;
      for (const members of [{}, { left, middle }, { outer: 1n, left: 2, middle, right }]) {
        expect(() => {
          object.globals.edge = { ...rest, ...members };
        }).toThrow(expect.objectContaining({ code: 'ERR_BPF_VALUE_TYPE' }));
        expect(object.globals.edge).toEqual(zero);
      }
    });

    test.each([
      ['straddling.second', { straddling: { ...(extreme.straddling as Edge), second: 1024 } }],
      ['straddling.sixth', { straddling: { ...(extreme.straddling as Edge), sixth: 2n ** 62n } }],
      ['straddling.fourth', { straddling: { ...(extreme.straddling as Edge), fourth: 'TINY' } }],
      ['negative', { negative: 2n ** 127n }],
      ['labels[1]', { labels: ['', 'no room.'] }],
      ['typedefs', { typedefs: 32768 }],
      ['tail', { tail: [1] }],
      ['packed.unaligned_single', { packed: { ...(extreme.packed as Edge), unaligned_single: 1e39 } }],
    ])('refuses what does not fit %s, and stores nothing of it', async (place, wrong) => {
      using object = await BpfObject.open<EdgeKinds>(fixture('edge_kinds')).load();
      expect(() => {
        object.globals.edge = { ...extreme, ...wrong };
      }).toThrow(expect.objectContaining({ message: expect.stringContaining(place) }));
      expect(object.globals.edge).toEqual(zero);
    });
  });
}
