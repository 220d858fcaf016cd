import { BpfObject, type OpenObject, type OpenOptions } from '../../src/index.js';
import type { EveryMap } from '../types/objects/every_map.js';
import { fixture } from './objects.js';

/** test/fixtures/bpf/kinds.bpf.c */
export interface Kinds {
  programs: 'copy_kinds' | 'copy_read_only';
  maps: {
    by_key: { type: 'hash'; key: Key; value: Record<string, unknown> };
    by_index: { type: 'array'; key: number; value: Nested };
    runs: { type: 'percpu_array'; key: number; value: bigint[] };
    records: { type: 'ringbuf'; value: Record<string, unknown> };
    '.rodata': { type: 'array'; key: number; value: Record<string, unknown> };
    '.bss': { type: 'array'; key: number; value: Record<string, unknown> };
  };
  globals: Record<string, unknown>;
}

export interface Key {
  id: number;
  zone: number;
  port: number;
}

/** `left` and `right` share their bytes: both come out, and one of them goes in. */
export interface Nested {
  tag: number;
  at: { x: number; y: number };
  pair: { low: number; high: number };
  left?: number;
  right?: number;
}

/** test/fixtures/bpf/producer.bpf.c */
export interface Producer {
  programs: 'produce_small' | 'produce_large';
  maps: {
    small_events: { type: 'ringbuf'; value: ProducedEvent };
    small_events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    large_events: { type: 'ringbuf'; value: ProducedEvent };
    large_events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
  };
  globals: {
    batch: number;
    small_produced: bigint;
    small_refused: bigint;
    large_produced: bigint;
    large_refused: bigint;
  };
}

export interface ProducedEvent {
  sequence: bigint;
  time_ns: bigint;
}

export function openKinds(options?: OpenOptions): OpenObject<Kinds> {
  return BpfObject.open<Kinds>(fixture('kinds'), options);
}

export async function loadKinds(options?: OpenOptions): Promise<BpfObject<Kinds>> {
  return openKinds(options).load();
}

export async function loadProducer(): Promise<BpfObject<Producer>> {
  return BpfObject.open<Producer>(fixture('producer')).load();
}

/** The context of copy_kinds: `struct input`. */
export function input({ id = 0, zone = 0, port = 0, index = 0, events = 0 } = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, id, true);
  view.setInt16(4, zone, true);
  view.setUint16(6, port, true);
  view.setUint32(8, index, true);
  view.setUint32(12, events, true);
  return new Uint8Array(view.buffer);
}

/** test/fixtures/bpf/every_map.bpf.c */
export async function loadEveryMap(options?: OpenOptions & { u64?: 'bigint' }): Promise<BpfObject<EveryMap>> {
  return BpfObject.open<EveryMap>(fixture('every_map'), options).load();
}
