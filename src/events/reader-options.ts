import type { KeyedMap, UntypedMap } from '../object/index.js';
import { assertBoolean, assertCounts, assertInteger } from './options.js';

/** A map with one counter for each CPU, of an object opened with any `u64`, or with no types. */
export type DropCounter =
  | KeyedMap<number, bigint[]>
  | KeyedMap<number, number[]>
  | KeyedMap<number, (bigint | number)[]>
  | UntypedMap;

/** How to read the records of a buffer. */
export interface ReaderOptions {
  /** Bytes copied out of the buffer at a time, and so the most memory a batch takes. Default 256 KiB. */
  slabSize?: number;
  /** Records delivered at most before other work on the event loop gets its turn. Default 4096. */
  batchRecords?: number;
  /**
   * The map in which the programs count records that found no room. `EVENT_RING(events, ...)` and
   * `EVENT_PERF(events, ...)` of `bpf_lsm/events.h` and `bpf_lsm/perf_events.h` declare it as `events_dropped`.
   */
  dropped?: DropCounter;
  /** Whether waiting for records keeps the process alive. Default true. */
  keepAlive?: boolean;
  /**
   * The type of the records, by its name in the object's BTF (`struct event`), for a buffer that declares none, or
   * carries another.
   */
  type?: string;
}

// A slab record: u32 size, u32 CPU, the record, padded to 8 bytes (native/core/records.h).
const MIN_SLAB = 4096;
// The largest ring the kernel makes holds 2 GiB (kernel/bpf/ringbuf.c RINGBUF_MAX_RECORD_SZ, a u32 for max_entries).
const MAX_SLAB = 2 ** 31;
const MAX_RECORDS = 2 ** 32 - 1;

/** The options with their defaults. @throws BpfError `ERR_BPF_ARGUMENT` for one that is not as it must be */
export function readerOptions(options: ReaderOptions): Required<Omit<ReaderOptions, 'dropped' | 'type'>> {
  const { slabSize = 256 * 1024, batchRecords = 4096, keepAlive = true, dropped } = options;
  assertInteger('slabSize', slabSize, MIN_SLAB, MAX_SLAB);
  assertInteger('batchRecords', batchRecords, 1, MAX_RECORDS);
  assertBoolean('keepAlive', keepAlive);
  assertCounts(dropped);
  return { slabSize, batchRecords, keepAlive };
}
