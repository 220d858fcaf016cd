import { assertOptions, BpfError } from '../errors.js';
import { native, type RingHandle } from '../native.js';
import { AnyMap, KeyedMap, type RecordMap } from '../object/index.js';
import { type RingBatch, recordsOf } from './batch.js';
import { endOfRecords } from './slab-records.js';

/** How to read a ring buffer. */
export interface RingBufferOptions {
  /** Bytes copied out of the ring at a time, and so the most memory a batch takes. Default 256 KiB. */
  slabSize?: number;
  /** Records delivered at most before other work on the event loop gets its turn. Default 4096. */
  batchRecords?: number;
  /**
   * The map in which the programs count records that found no room. `EVENT_RING(events, ...)` of
   * `bpf_lsm/events.h` declares it as `events_dropped`.
   */
  dropped?: KeyedMap<number, bigint[]>;
  /** Whether waiting for records keeps the process alive. Default true. */
  keepAlive?: boolean;
}

/** The account of a ring buffer: what the programs produced is what was delivered, dropped, or still waits. */
export interface RingBufferStats {
  /** Records that this reader has delivered. */
  delivered: number;
  /** Records that found no room, by the programs' own count; undefined without {@link RingBufferOptions.dropped}. */
  dropped: bigint | undefined;
  /** Bytes that wait: in the ring, record headers included, and what a loop left of its batch. */
  waiting: number;
}

/** Ends an iteration early. */
export interface IterationOptions {
  /** Aborting ends the iteration: it throws the signal's reason. */
  signal?: AbortSignal;
}

// A slab record: u32 size, u32 reserved, the record, padded to 8 bytes (native/core/ring.h).
const MIN_SLAB = 4096;
// The largest ring the kernel makes holds 2 GiB (kernel/bpf/ringbuf.c RINGBUF_MAX_RECORD_SZ, a u32 for max_entries).
const MAX_SLAB = 2 ** 31;
const MAX_RECORDS = 2 ** 32 - 1;

/**
 * Reads a BPF ring buffer: records arrive decoded, in the order in which the programs reserved them.
 *
 * ```ts
 * using ring = new RingBuffer(object.maps.events);
 * for await (const event of ring) console.log(event.comm, event.pid);
 * ```
 *
 * Records are copied out in batches, a bounded number for each turn of the event loop. Nothing is copied while
 * nobody asks: then the ring fills up, and the programs count what they could not store. One reader at a time may
 * read a ring in a process.
 *
 * Linux 5.8; kernel/bpf/ringbuf.c.
 */
export class RingBuffer<Event = unknown> implements AsyncIterable<Event>, Disposable {
  readonly #map: RecordMap<Event>;
  readonly #ring: RingHandle;
  readonly #slab: Uint8Array;
  readonly #batchRecords: number;
  readonly #dropped: KeyedMap<number, bigint[]> | undefined;
  readonly #result = new Uint32Array(4);
  #wake: (() => void) | undefined;
  #kept = { records: 0, bytes: 0 };
  #delivered = 0;
  #closed = false;
  #iterating = false;

  /**
   * @param map - a map of type `ringbuf`; its records are of the type that it declares with `__type(value, ...)`,
   *   and Uint8Arrays when it declares none
   * @throws BpfError `ERR_BPF_WRONG_KIND` for another type of map, `EBUSY` when this process reads the ring already
   */
  constructor(map: RecordMap<Event>, options: RingBufferOptions = {}) {
    assertOptions(options, 'a RingBuffer');
    const { slabSize = 256 * 1024, batchRecords = 4096, keepAlive = true, dropped } = options;
    if (!(map instanceof AnyMap)) throw badOption('map', 'a RecordMap');
    assertInteger('slabSize', slabSize, MIN_SLAB, MAX_SLAB);
    assertInteger('batchRecords', batchRecords, 1, MAX_RECORDS);
    if (typeof keepAlive !== 'boolean') throw badOption('keepAlive', 'true or false');
    if (dropped !== undefined && !(dropped instanceof KeyedMap)) throw badOption('dropped', 'a BpfArray');
    this.#map = map;
    this.#dropped = dropped;
    this.#slab = new Uint8Array(slabSize);
    this.#batchRecords = batchRecords;
    this.#ring = native().ringOpen(map.handle, () => this.#wake?.());
    native().ringRef(this.#ring, keepAlive);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether waiting for records keeps the process alive, from now on: like `ref()` of a socket. */
  ref(): void {
    native().ringRef(this.#ring, true);
  }

  /** See {@link RingBuffer.ref}. */
  unref(): void {
    native().ringRef(this.#ring, false);
  }

  /** @throws BpfError `ERR_BPF_CLOSED` */
  stats(): RingBufferStats {
    return {
      delivered: this.#delivered,
      dropped: this.#dropped?.get(0)?.reduce((sum, count) => sum + count, 0n),
      waiting: native().ringAvailable(this.#ring) + this.#kept.bytes,
    };
  }

  /**
   * The records that wait at this moment, without waiting for more: at most as many as one batch holds.
   *
   * @throws BpfError `ERR_BPF_STATE` while the ring is being iterated, `ERR_BPF_CLOSED`
   */
  read(): Event[] {
    this.#assertNotIterating();
    return [...this.#drain()];
  }

  /**
   * The records in batches, each a snapshot of what was waiting. A batch is valid until the next is asked for.
   *
   * @throws BpfError `ERR_BPF_STATE` when the ring is being iterated already, `ERR_BPF_CLOSED`; the reason of
   *   `options.signal`. Closing the ring ends the iteration.
   */
  async *batches(options: IterationOptions = {}): AsyncGenerator<RingBatch<Event>, void, void> {
    assertOptions(options, 'an iteration');
    const { signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw badOption('signal', 'an AbortSignal');
    this.#assertNotIterating();
    this.#assertOpen();
    this.#iterating = true;
    try {
      while (!this.#closed) {
        signal?.throwIfAborted();
        const batch = this.#drain();
        if (batch.length === 0) {
          await this.#readable(signal);
          continue;
        }
        yield batch;
        // Promise jobs alone would keep timers and sockets waiting as long as records come in.
        if (!this.#closed) await new Promise(setImmediate);
      }
    } finally {
      this.#iterating = false;
    }
  }

  /**
   * The records one by one; see {@link RingBuffer.batches}. Those of a batch that an iteration leaves behind are kept
   * for the next that asks, until the reader is closed.
   */
  async *events(options: IterationOptions = {}): AsyncGenerator<Event, void, void> {
    for await (const batch of this.batches(options)) {
      let passed = 0;
      try {
        for (const records = batch[Symbol.iterator](); ; ) {
          // Before it is decoded: one that cannot be would stand in the way for ever.
          passed++;
          const next = records.next();
          if (next.done) break;
          yield next.value;
        }
      } finally {
        if (passed < batch.length) this.#keepFrom(passed);
      }
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    return this.events();
  }

  /** Stops reading; records that wait stay in the ring. A running iteration ends. Closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native().ringClose(this.#ring);
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertNotIterating(): void {
    if (!this.#iterating) return;
    throw new BpfError(`ring buffer "${this.#map.name}" is being iterated already`, {
      code: 'ERR_BPF_STATE',
      reason: 'input',
      map: this.#map.name,
    });
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new BpfError(`the reader of ring buffer "${this.#map.name}" is closed`, {
      code: 'ERR_BPF_CLOSED',
      reason: 'input',
      map: this.#map.name,
    });
  }

  #drain(): RingBatch<Event> {
    if (this.#kept.records > 0 && !this.#closed) this.#takeKept();
    else native().ringDrain(this.#ring, this.#slab, this.#batchRecords, this.#result);
    const [, records = 0, , needed = 0] = this.#result;
    if (needed > 0) {
      throw new BpfError(
        `ring buffer "${this.#map.name}" holds a record of ${needed} bytes, more than a slab of ${this.#slab.length}`,
        {
          code: 'ERR_BPF_VALUE_RANGE',
          reason: 'input',
          map: this.#map.name,
          hint: 'pass a larger slabSize',
        },
      );
    }
    this.#delivered += records;
    return recordsOf(this.#slab, records, this.#map.valueCodec, this.#map);
  }

  /** Moves what is left of the batch in the slab to its beginning. */
  #keepFrom(passed: number): void {
    const [bytes = 0, records = 0] = this.#result;
    const begin = endOfRecords(this.#slab, passed);
    this.#slab.copyWithin(0, begin, bytes);
    this.#kept = { records: records - passed, bytes: bytes - begin };
    this.#delivered -= this.#kept.records;
  }

  #takeKept(): void {
    const { records, bytes } = this.#kept;
    this.#kept = { records: 0, bytes: 0 };
    this.#result.set([bytes, records, 1, 0]);
  }

  /** Resolves when a record may have arrived, or the ring was closed. */
  async #readable(signal: AbortSignal | undefined): Promise<void> {
    const arrival = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const abort = () => this.#wake?.();
    signal?.addEventListener('abort', abort, { once: true });
    native().ringArm(this.#ring);
    try {
      await arrival;
    } finally {
      this.#wake = undefined;
      signal?.removeEventListener('abort', abort);
      if (!this.#closed) native().ringDisarm(this.#ring);
    }
  }
}

function assertInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw badOption(name, `an integer from ${least} to ${most}`);
}

function badOption(name: string, wanted: string): BpfError {
  return new BpfError(`${name} must be ${wanted}`, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}
