// Compiled, never run: what is marked must not compile, all else must.

import {
  BpfObject,
  EventGroup,
  PerfBuffer,
  type RecordBatch,
  RingBuffer,
  UserRingBuffer,
} from '../../src/index.js';
import type { Kinds, KindsStruct } from './objects/kinds.js';
import type { KindsNumber } from './objects/kinds_number.js';

/** Compiles for two types that are the same, and for no others. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;

function same<A, B>(_same: Same<A, B>): void {}

export async function perf(): Promise<void> {
  const object = await BpfObject.open<Kinds>('kinds.bpf.o').load();
  using buffer = new PerfBuffer(object.maps.perf_records, { dropped: object.maps.perf_records_dropped });
  for await (const event of buffer) same<typeof event, KindsStruct>(true);
  for await (const batch of buffer.batches()) same<typeof batch, RecordBatch<KindsStruct>>(true);
  buffer.onBatch((batch) => {
    for (const { nested } of batch.cursors()) nested.at.x.toFixed();
    // @ts-expect-error: no such field
    batch.decode(0).nestde;
  });
  // @ts-expect-error: not the counts, but the records
  new PerfBuffer(object.maps.perf_records, { dropped: object.maps.perf_records });
  // @ts-expect-error: a map with keys carries no records
  new PerfBuffer(object.maps.by_key);
}

export async function several(): Promise<void> {
  const object = await BpfObject.open<Kinds>('kinds.bpf.o').load();
  interface Other {
    path: string;
  }
  const other = object.maps.records as unknown as typeof object.maps.records &
    ConstructorParameters<typeof RingBuffer<Other>>[0];
  using group = new EventGroup({
    kinds: new PerfBuffer(object.maps.perf_records),
    others: new RingBuffer<Other>(other),
  });
  for await (const { source, event } of group) {
    same<typeof source, 'kinds' | 'others'>(true);
    if (source === 'kinds') same<typeof event, KindsStruct>(true);
    else same<typeof event, Other>(true);
    // @ts-expect-error: not before it is known which
    event.colour;
    // @ts-expect-error: no such source
    if (source === 'kind') return;
  }
  group.onBatch(({ source, batch }) => {
    if (source === 'others') batch.decode(0).path.trim();
  });
  group.stats().kinds.delivered.toFixed();
  // @ts-expect-error: no such reader
  group.stats().kind;
}

export async function commands(): Promise<void> {
  interface Shape {
    programs: 'drain';
    maps: { commands: { type: 'user_ringbuf'; value: { id: bigint; verb: 'START' | 'STOP' } } };
    globals: object;
  }
  const object = await BpfObject.open<Shape>('commands.bpf.o').load();
  using ring = new UserRingBuffer(object.maps.commands);
  ring.send({ id: 1n, verb: 'START' });
  ring.send({ id: 1, verb: 'STOP' });
  // @ts-expect-error: no such enumerator
  ring.send({ id: 1, verb: 'PAUSE' });
  // @ts-expect-error: a field is missing
  ring.sendMany([{ id: 1 }]);
}

export async function withoutTypes(): Promise<void> {
  const object = await BpfObject.open('kinds.bpf.o').load();
  const { records, records_dropped: dropped } = object.maps;
  if (records && dropped) new RingBuffer(records, { dropped });
}

export async function otherIntegers(): Promise<void> {
  const { maps } = await BpfObject.open<KindsNumber>('kinds.bpf.o', { u64: 'number' }).load();
  new PerfBuffer(maps.perf_records, { dropped: maps.perf_records_dropped });
}
