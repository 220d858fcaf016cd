import { native } from '../native.js';
import type { RecordBatch } from './batch.js';
import type { IterationOptions } from './options.js';
import type { ReaderStats, RecordSource } from './record-source.js';
import { batchesOf, recordsIn } from './record-stream.js';
import { Delivery, type Subscription, type SubscriptionOptions } from './subscription.js';

/** The source that a reader reads. */
export let sourceOf: <Event>(reader: RecordReader<Event>) => RecordSource<Event>;

/**
 * Reads the records that programs send, from a {@link RingBuffer} or a {@link PerfBuffer}.
 *
 * Records are copied out in batches, a bounded number for each turn of the event loop. Nothing is copied while nobody
 * asks: then the buffer fills up, and the programs count what they could not store. One reader at a time may read a
 * buffer in a process, and a reader is read in one way at a time.
 */
export abstract class RecordReader<Event = unknown> implements AsyncIterable<Event>, Disposable {
  readonly #source: RecordSource<Event>;

  static {
    sourceOf = (reader) => reader.#source;
  }

  /** @internal */
  constructor(source: RecordSource<Event>, keepAlive: boolean) {
    this.#source = source;
    native().readerRef(source.handle, keepAlive);
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#source.closed;
  }

  /** Whether waiting for records keeps the process alive, from now on: like `ref()` of a socket. */
  ref(): void {
    native().readerRef(this.#source.handle, true);
  }

  /** See {@link RecordReader.ref}. */
  unref(): void {
    native().readerRef(this.#source.handle, false);
  }

  /** The account so far; of a closed reader, as it was when it was closed. */
  stats(): ReaderStats {
    return this.#source.stats();
  }

  /**
   * The records that wait at this moment, without waiting for more: at most as many as one batch holds.
   *
   * @throws BpfError `ERR_BPF_STATE` while the buffer is being iterated, `ERR_BPF_CLOSED`
   */
  read(): Event[] {
    this.#source.assertFree();
    return [...this.#source.take()];
  }

  /**
   * The records in batches, each a snapshot of what was waiting. A batch is valid until the next is asked for.
   *
   * @throws BpfError `ERR_BPF_STATE` when the buffer is being iterated already, `ERR_BPF_CLOSED`; the reason of
   *   `options.signal`. Closing the reader ends the iteration.
   */
  batches(options: IterationOptions = {}): AsyncGenerator<RecordBatch<Event>, void, void> {
    return batchesOf([this.#source], options, (batch) => batch);
  }

  /**
   * The records one by one; see {@link RecordReader.batches}. Those of a batch that an iteration leaves behind are kept
   * for the next that asks, until the reader is closed.
   */
  events(options: IterationOptions = {}): AsyncGenerator<Event, void, void> {
    return recordsIn([this.#source], options, (event) => event);
  }

  /** The records, one by one: see {@link RecordReader.events}. */
  [Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    return this.events();
  }

  /**
   * Calls a function with every batch, in the turn of the event loop in which it arrives: no promise is made. For many
   * records. The batch is valid until the function returns.
   *
   * What it throws is an uncaught exception, as from a listener of an EventEmitter; its batch counts as delivered, and
   * the next one comes. A record larger than the slab is an uncaught exception too, and ends the subscription.
   *
   * @param options - `turnRecords`: how many records one turn delivers at most; `signal`: aborting it closes the
   *   subscription
   * @throws BpfError `ERR_BPF_STATE` when the buffer is being iterated already, `ERR_BPF_CLOSED`; the reason of a
   *   signal that is aborted already
   */
  onBatch(callback: (batch: RecordBatch<Event>) => void, options: SubscriptionOptions = {}): Subscription {
    return new Delivery(this.#source, callback, options);
  }

  /**
   * Stops reading. A running iteration and a subscription end. Closing twice is fine. Records that wait stay in a ring
   * buffer for the next reader; a perf buffer is gone with them.
   */
  close(): void {
    this.#source.close();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
