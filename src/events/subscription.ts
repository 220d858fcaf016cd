import { assertOptions } from '../errors.js';
import type { RecordBatch } from './batch.js';
import { assertFunction, assertInteger, assertSignal, type IterationOptions } from './options.js';
import type { RecordSource } from './record-source.js';

/** How batches are delivered to a callback. */
export interface SubscriptionOptions extends IterationOptions {
  /** Records delivered at most in one turn of the event loop, before other work gets its own. Default `batchRecords`. */
  turnRecords?: number;
}

/**
 * Batches that a callback receives. It pulls nothing while it is paused: then the buffer fills up, and the programs
 * count what they could not store.
 */
export interface Subscription extends Disposable {
  readonly paused: boolean;
  readonly closed: boolean;
  /** No batch from now on, not even the next of this turn. A paused subscription does not keep the process alive. */
  pause(): void;
  /** Batches again, beginning with what waits, from the next turn of the event loop on. */
  resume(): void;
  /** Ends the subscription; the reader can be read in other ways then. Closing twice is fine. */
  close(): void;
}

const MAX_RECORDS = 2 ** 32 - 1;

/** Delivers the batches of a source to a callback, in the turns of the event loop in which they arrive. */
export class Delivery<Event> implements Subscription {
  readonly #source: RecordSource<Event>;
  readonly #callback: (batch: RecordBatch<Event>) => void;
  readonly #turnRecords: number;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();
  readonly #deliver = (): void => this.#deliverTurn();
  #paused = false;
  #closed = false;
  #delivering = false;

  constructor(
    source: RecordSource<Event>,
    callback: (batch: RecordBatch<Event>) => void,
    options: SubscriptionOptions,
  ) {
    assertFunction('the callback', callback);
    assertOptions(options, 'a subscription');
    const { signal, turnRecords = source.batchRecords } = options;
    assertSignal(signal);
    assertInteger('turnRecords', turnRecords, 1, MAX_RECORDS);
    signal?.throwIfAborted();
    source.claim();
    this.#source = source;
    this.#callback = callback;
    this.#turnRecords = turnRecords;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#wait();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  pause(): void {
    if (this.#closed) return;
    this.#paused = true;
    this.#source.stopWaiting();
  }

  resume(): void {
    if (this.#closed || !this.#paused) return;
    this.#paused = false;
    if (!this.#delivering) this.#wait();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#source.stopWaiting();
    this.#source.release();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  get #goesOn(): boolean {
    return !this.#paused && !this.#closed && !this.#source.closed;
  }

  #wait(): void {
    this.#source.wait(this.#deliver);
  }

  /** What the callback throws is uncaught, as what a listener of an EventEmitter throws; the next turn comes all the same. */
  #deliverTurn(): void {
    this.#delivering = true;
    try {
      for (let left = this.#turnRecords; left > 0 && this.#goesOn; ) {
        const batch = this.#take(Math.min(left, this.#source.batchRecords));
        if (batch.length === 0) break;
        left -= batch.length;
        this.#callback(batch);
        if (!this.#source.more) break;
      }
    } finally {
      this.#delivering = false;
      if (this.#source.closed) this.close();
      else if (this.#goesOn) this.#wait();
    }
  }

  /** What cannot be taken now cannot be taken in the next turn either: it ends the subscription. */
  #take(most: number): RecordBatch<Event> {
    try {
      return this.#source.take(most);
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
