import { describe, expect, test } from 'vitest';
import { Btf, codecFor, cursorFor } from '../../../src/btf/index.js';
import { recordsOf } from '../../../src/events/batch.js';
import { BtfBuilder } from '../btf/build-btf.js';
import { thrownBy } from '../btf/thrown.js';

interface Event {
  pid: number;
  addr: { port: number };
}

function eventTypes() {
  const b = new BtfBuilder();
  const u16 = b.int('u16', 2);
  const addr = b.struct('addr', 2, [['port', u16, 0]]);
  const id = b.struct('event', 4, [
    ['pid', u16, 0],
    ['addr', addr, 2],
  ]);
  const btf = Btf.parse(b.bytes());
  return { codec: codecFor<Event>(btf, id), cursors: cursorFor<Event>(btf, id) };
}

/** Records as native/core/records.h lays them out. */
function slabOf(...records: Uint8Array[]): Uint8Array {
  const slab = new Uint8Array(records.reduce((sum, { length }) => sum + 8 + Math.ceil(length / 8) * 8, 0));
  let at = 0;
  for (const record of records) {
    new DataView(slab.buffer).setUint32(at, record.length, true);
    slab.set(record, at + 8);
    at += 8 + Math.ceil(record.length / 8) * 8;
  }
  return slab;
}

describe('a batch', () => {
  const types = eventTypes();
  const { codec } = types;
  const event = (pid: number, port: number): Event => ({ pid, addr: { port } });
  const events = [event(1, 80), event(2, 443), event(3, 22)];
  const [one, two, three] = events.map((value) => codec.encode(value)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  // The second record has more bytes than its type: programs may send longer ones.
  const longer = Uint8Array.from([...two, ...Array(9).fill(0xee)]);
  const batch = () => recordsOf<Event>(slabOf(one, longer, three), 3, types);

  test('is iterated again and again', () => {
    const again = batch();
    expect([...again]).toEqual(events);
    expect([...again]).toEqual(events);
  });

  test('decodes its records in any order', () => {
    const some = batch();
    expect([2, 0, 1, 1, 2].map((i) => some.decode(i))).toEqual([2, 0, 1, 1, 2].map((i) => events[i]));
    for (const index of [3, -1, 0.5, Number.NaN]) {
      expect(thrownBy(() => some.decode(index))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
    }
  });

  test('is walked by one cursor, with which decoding does not interfere', () => {
    const walked = batch();
    const seen: unknown[] = [];
    const objects = new Set<unknown>();
    for (const fields of walked.cursors()) {
      walked.decode(2);
      seen.push([fields.pid, fields.addr.port, walked.decode(0).pid]);
      objects.add(fields).add(fields.addr);
    }
    expect(seen).toEqual([
      [1, 80, 1],
      [2, 443, 1],
      [3, 22, 1],
    ]);
    expect(objects.size).toBe(2);
  });

  test('has a cursor for each loop and one for single records', () => {
    const pairs: unknown[] = [];
    const crossed = batch();
    for (const outer of crossed.cursors()) {
      for (const inner of crossed.cursors()) pairs.push([outer.pid, inner.pid, crossed.cursor(1).pid]);
    }
    expect(pairs).toEqual([1, 2, 3].flatMap((a) => [1, 2, 3].map((b) => [a, b, 2])));
  });

  test('refuses records that are too short for their type', () => {
    const short = recordsOf<Event>(slabOf(one, one.subarray(1)), 2, types);
    expect(short.decode(0)).toEqual(events[0]);
    expect(thrownBy(() => short.decode(1))).toMatchObject({
      code: 'ERR_BPF_VALUE_RANGE',
      message: expect.stringMatching(/^a record of 3 bytes is too short for struct event, which takes 4;/),
    });
    expect(thrownBy(() => [...short.cursors()]).code).toBe('ERR_BPF_VALUE_RANGE');
    expect(thrownBy(() => short.cursor(1)).code).toBe('ERR_BPF_VALUE_RANGE');
  });

  test('without fields has no cursors', () => {
    const untyped = recordsOf<Event>(slabOf(one), 1, { codec, cursors: undefined });
    expect(thrownBy(() => untyped.cursors())).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
  });

  test('may be empty', () => {
    const empty = recordsOf<Event>(new Uint8Array(0), 0, types);
    expect([[...empty], [...empty.cursors()]]).toEqual([[], []]);
  });
});
