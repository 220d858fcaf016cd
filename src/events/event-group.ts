import { assertOptions, BpfError } from '../errors.js';
import type { RecordBatch } from './batch.js';
import type { IterationOptions } from './options.js';
import { RecordReader, sourceOf } from './reader.js';
import type { ReaderStats, RecordSource } from './record-source.js';
import { batchesOf, recordsIn } from './record-stream.js';
import type { Subscription, SubscriptionOptions } from './subscription.js';

/** Readers by the names that their records are to be told apart by. */
export type Readers = Readonly<Record<string, RecordReader<never> | RecordReader<unknown>>>;

/** What a reader's records are. */
export type EventOf<Reader> = Reader extends RecordReader<infer Event> ? Event : never;

/** A batch of any of the readers, with the reader's name. */
export type GroupBatch<R> = {
  [Name in keyof R & string]: { source: Name; batch: RecordBatch<EventOf<R[Name]>> };
}[keyof R & string];

/** A record of any of the readers, with the reader's name. */
export type GroupEvent<R> = {
  [Name in keyof R & string]: { source: Name; event: EventOf<R[Name]> };
}[keyof R & string];

/**
 * Several readers in one loop, each in its turn, so that a busy one leaves the others theirs. Every record comes with the
 * name of its reader, and is of that reader's type:
 *
 * ```ts
 * using group = new EventGroup({ execs: new RingBuffer(maps.execs), files: new PerfBuffer(maps.files) });
 * for await (const { source, event } of group) {
 *   if (source === 'execs') console.log(event.comm);
 *   else console.log(event.path);
 * }
 * ```
 *
 * The order is kept within a reader, not between two: for that let the programs send to one ring buffer.
 */
export class EventGroup<R extends Readers> implements AsyncIterable<GroupEvent<R>>, Disposable {
  readonly #readers: ReadonlyMap<keyof R & string, RecordReader<unknown>>;
  readonly #names: ReadonlyMap<RecordSource<unknown>, keyof R & string>;

  /**
   * @param readers - which the group closes when it is closed
   * @throws BpfError `ERR_BPF_ARGUMENT` for what is no reader, or the same one twice
   */
  constructor(readers: R) {
    assertOptions(readers, 'an EventGroup');
    const entries = Object.entries(readers) as [keyof R & string, RecordReader<unknown>][];
    const wrong = entries.find(([, reader]) => !(reader instanceof RecordReader));
    if (wrong) throw groupError(`"${wrong[0]}" must be a RingBuffer or a PerfBuffer`);
    this.#readers = new Map(entries);
    this.#names = new Map(entries.map(([name, reader]) => [sourceOf(reader), name]));
    if (this.#names.size < entries.length) throw groupError('one reader has two names');
  }

  /**
   * The batches of all readers; see {@link RecordReader.batches}. Ends when all are closed.
   *
   * @throws BpfError `ERR_BPF_STATE` when one of them is being iterated already, `ERR_BPF_CLOSED`; the reason of
   *   `options.signal`
   */
  batches(options: IterationOptions = {}): AsyncGenerator<GroupBatch<R>, void, void> {
    return batchesOf(
      this.#sources,
      options,
      (batch, source) => ({ source: this.#names.get(source), batch }) as GroupBatch<R>,
    );
  }

  /** The records of all readers one by one; see {@link RecordReader.events}. */
  events(options: IterationOptions = {}): AsyncGenerator<GroupEvent<R>, void, void> {
    return recordsIn(
      this.#sources,
      options,
      (event, source) => ({ source: this.#names.get(source), event }) as GroupEvent<R>,
    );
  }

  /** The records of all readers, one by one: see {@link EventGroup.events}. */
  [Symbol.asyncIterator](): AsyncGenerator<GroupEvent<R>, void, void> {
    return this.events();
  }

  /**
   * Calls a function with every batch; see {@link RecordReader.onBatch}. In every turn of the event loop each reader
   * delivers up to its own `turnRecords`.
   */
  onBatch(callback: (batch: GroupBatch<R>) => void, options: SubscriptionOptions = {}): Subscription {
    const subscriptions: Subscription[] = [];
    try {
      for (const [source, reader] of this.#readers) {
        subscriptions.push(reader.onBatch((batch) => callback({ source, batch } as GroupBatch<R>), options));
      }
    } catch (error) {
      for (const subscription of subscriptions) subscription.close();
      throw error;
    }
    return new Subscriptions(subscriptions);
  }

  /** The account of each reader. */
  stats(): { [Name in keyof R]: ReaderStats } {
    const stats = [...this.#readers].map(([name, reader]) => [name, reader.stats()]);
    return Object.fromEntries(stats) as { [Name in keyof R]: ReaderStats };
  }

  /** See {@link RecordReader.ref}. */
  ref(): void {
    for (const reader of this.#readers.values()) reader.ref();
  }

  /** See {@link RecordReader.ref}. */
  unref(): void {
    for (const reader of this.#readers.values()) reader.unref();
  }

  /** Closes every reader. */
  close(): void {
    for (const reader of this.#readers.values()) reader.close();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  get #sources(): RecordSource<unknown>[] {
    return [...this.#names.keys()];
  }
}

/** Several subscriptions as one. */
class Subscriptions implements Subscription {
  readonly #all: readonly Subscription[];

  constructor(all: readonly Subscription[]) {
    this.#all = all;
  }

  get paused(): boolean {
    return this.#all.every(({ paused, closed }) => paused || closed);
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#all.every(({ closed }) => closed);
  }

  pause(): void {
    for (const one of this.#all) one.pause();
  }

  resume(): void {
    for (const one of this.#all) one.resume();
  }

  close(): void {
    for (const one of this.#all) one.close();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function groupError(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}
