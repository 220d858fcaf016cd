import { BpfError } from '../errors.js';
import { native, type ReaderHandle } from '../native.js';
import type { RecordTypes } from '../object/index.js';
import { type RecordBatch, recordsOf } from './batch.js';
import { endOfRecords } from './slab-records.js';

/** The account of a buffer: what the programs produced is what was delivered, discarded, dropped, or still waits. */
export interface ReaderStats {
  /** Records that this reader has delivered. */
  delivered: number;
  /** Records that it took out of the buffer and had not delivered when it was closed. */
  discarded: number;
  /**
   * Records that found no room. By the programs' own count with {@link ReaderOptions.dropped}, which covers all
   * readers there were; without it by the kernel's for a perf buffer, and undefined for a ring buffer.
   */
  dropped: bigint | undefined;
  /** Bytes that wait: in the buffer, record headers included, and what a loop left of its batch. */
  waiting: number;
}

const MAX_RECORDS = 2 ** 32 - 1;

/** What a {@link RecordSource} is made of. */
export interface SourceParts<Event> {
  /** What error messages call it: `ring buffer "events"`. */
  name: string;
  map: string;
  types: RecordTypes<Event>;
  slabSize: number;
  batchRecords: number;
  /** Opens the native reader, whose call `onReadable` follows each `readerArm` once. */
  open: (onReadable: () => void) => ReaderHandle;
  /** Whether readiness is told when it begins and not for as long as it lasts, as perf events do. */
  edgeTriggered: boolean;
  /** Counts what found no room. */
  dropped: (handle: ReaderHandle) => bigint | undefined;
  /** For a buffer that ends with its reader: keeps programs out of it, before what they left in it is counted. */
  detach?: (handle: ReaderHandle) => void;
}

/**
 * A buffer that is read: batches of its records in one slab, the account of them, and the waiting for more. What the
 * readers of all kinds, and all ways to read, are built on.
 */
export class RecordSource<Event> {
  readonly #parts: SourceParts<Event>;
  readonly #handle: ReaderHandle;
  readonly #slab: Uint8Array;
  readonly #result = new Uint32Array(4);
  #wake: (() => void) | undefined;
  #look: NodeJS.Immediate | undefined;
  #kept = { records: 0, bytes: 0 };
  #delivered = 0;
  #claimed = false;
  #final: ReaderStats | undefined;

  constructor(parts: SourceParts<Event>) {
    this.#parts = parts;
    this.#slab = new Uint8Array(parts.slabSize);
    this.#handle = parts.open(() => this.#fire());
  }

  get handle(): ReaderHandle {
    return this.#handle;
  }

  get batchRecords(): number {
    return this.#parts.batchRecords;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#final !== undefined;
  }

  /** Whether there was more when the last batch was taken. */
  get more(): boolean {
    return this.#result[2] === 1;
  }

  /**
   * Takes the right to read until it is given back.
   *
   * @throws BpfError `ERR_BPF_STATE` when another has it, `ERR_BPF_CLOSED`
   */
  claim(): void {
    this.assertFree();
    if (this.closed) throw this.#error('the reader of', 'is closed', 'ERR_BPF_CLOSED');
    this.#claimed = true;
  }

  release(): void {
    this.#claimed = false;
  }

  /** @throws BpfError `ERR_BPF_STATE` while another reads */
  assertFree(): void {
    if (this.#claimed) throw this.#error('', 'is being iterated already', 'ERR_BPF_STATE');
  }

  /**
   * The records that wait at this moment, and at most so many: in the slab, until the next are taken.
   *
   * @throws BpfError `ERR_BPF_VALUE_RANGE` for a record larger than the slab, `ERR_BPF_RING` when what is in the buffer
   *   makes no sense, `ERR_BPF_CLOSED`
   */
  take(most: number = this.#parts.batchRecords): RecordBatch<Event> {
    if (this.#kept.records > 0 && !this.closed) this.#takeKept();
    else native().readerDrain(this.#handle, this.#slab, most, this.#result);
    const [, records = 0, , needed = 0] = this.#result;
    if (needed > 0) {
      throw this.#error(
        '',
        `holds a record of ${needed} bytes, more than a slab of ${this.#slab.length}`,
        'ERR_BPF_VALUE_RANGE',
        'pass a larger slabSize',
      );
    }
    this.#delivered += records;
    return recordsOf(this.#slab, records, this.#parts.types);
  }

  /** Keeps what is left of the batch in the slab for whoever takes the next. */
  keepFrom(passed: number): void {
    const [bytes = 0, records = 0] = this.#result;
    const begin = endOfRecords(this.#slab, passed);
    this.#slab.copyWithin(0, begin, bytes);
    this.#kept = { records: records - passed, bytes: bytes - begin };
    this.#delivered -= this.#kept.records;
  }

  /** Calls `wake` once, in a later turn of the event loop: when there may be records, or when the source is closed. */
  wait(wake: () => void): void {
    this.#wake = wake;
    native().readerArm(this.#handle);
    if (this.#parts.edgeTriggered || this.#kept.records > 0) this.#lookLater();
  }

  /**
   * perf_poll() (kernel/events/core.c) tells of a record once: also to the epoll_ctl(2) by which the event loop begins to
   * wait, which is too early. So look again when that is done: two turns on, for this may be a turn's last part.
   */
  #lookLater(): void {
    this.#look = setImmediate(() => {
      this.#look = setImmediate(() => {
        if (this.#kept.records > 0 || native().readerAvailable(this.#handle) > 0) this.#fire();
      });
    });
  }

  stopWaiting(): void {
    this.#wake = undefined;
    clearImmediate(this.#look);
    if (!this.closed) native().readerDisarm(this.#handle);
  }

  stats(): ReaderStats {
    if (this.#final) return { ...this.#final };
    return {
      delivered: this.#delivered,
      discarded: 0,
      dropped: this.#parts.dropped(this.#handle),
      waiting: native().readerAvailable(this.#handle) + this.#kept.bytes,
    };
  }

  /** @throws BpfError `ERR_BPF_RING` when what is in the buffer makes no sense; it is closed all the same */
  close(): void {
    if (this.closed) return;
    const wake = this.#wake;
    this.stopWaiting();
    try {
      this.#final = this.#lastStats();
    } finally {
      this.#final ??= { delivered: this.#delivered, discarded: 0, dropped: undefined, waiting: 0 };
      native().readerClose(this.#handle);
      wake?.();
    }
  }

  #fire(): void {
    const wake = this.#wake;
    if (!wake) return;
    this.stopWaiting();
    wake();
  }

  #lastStats(): ReaderStats {
    const kept = this.#kept.records;
    this.#kept = { records: 0, bytes: 0 };
    this.#parts.detach?.(this.#handle);
    const left = this.#parts.detach ? this.#discardAll() : 0;
    return {
      delivered: this.#delivered,
      discarded: kept + left,
      dropped: this.#lastDropped(),
      waiting: native().readerAvailable(this.#handle),
    };
  }

  #discardAll(): number {
    let slab = this.#slab;
    for (let discarded = 0; ; ) {
      native().readerDrain(this.#handle, slab, MAX_RECORDS, this.#result);
      const [, records = 0, more = 0, needed = 0] = this.#result;
      discarded += records;
      if (needed > 0) slab = new Uint8Array(needed);
      else if (more === 0) return discarded;
    }
  }

  /** Closing must succeed when the map of the programs' counts was closed before. */
  #lastDropped(): bigint | undefined {
    try {
      return this.#parts.dropped(this.#handle);
    } catch (error) {
      if (error instanceof BpfError && error.code === 'ERR_BPF_CLOSED') return undefined;
      throw error;
    }
  }

  #takeKept(): void {
    const { records, bytes } = this.#kept;
    this.#kept = { records: 0, bytes: 0 };
    this.#result.set([bytes, records, 1, 0]);
  }

  #error(before: string, after: string, code: string, hint?: string): BpfError {
    const message = [before, this.#parts.name, after].filter(Boolean).join(' ');
    return new BpfError(message, { code, reason: 'input', map: this.#parts.map, hint });
  }
}
