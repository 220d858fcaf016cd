import { assertOptions } from '../errors.js';
import type { RecordBatch } from './batch.js';
import { assertSignal, type IterationOptions } from './options.js';
import type { RecordSource } from './record-source.js';

type Source<Event> = RecordSource<Event>;
/** A source whose records do not matter. */
type Claimable = Pick<Source<unknown>, 'claim' | 'release' | 'closed' | 'wait' | 'stopWaiting'>;

/**
 * The batches of some sources, each in its turn as long as it has any, until all are closed. A batch is valid until the
 * next is asked for.
 *
 * @param make - what is yielded for a batch
 */
export async function* batchesOf<Event, Yielded>(
  sources: readonly Source<Event>[],
  options: IterationOptions,
  make: (batch: RecordBatch<Event>, source: Source<Event>) => Yielded,
): AsyncGenerator<Yielded, void, void> {
  assertOptions(options, 'an iteration');
  const { signal } = options;
  assertSignal(signal);
  claimAll(sources);
  try {
    for (let turn = 0; sources.some(({ closed }) => !closed); ) {
      signal?.throwIfAborted();
      const taken = takeFirst(sources, turn);
      if (!taken) {
        await readable(sources, signal);
        continue;
      }
      const { source, batch } = taken;
      turn = sources.indexOf(source) + 1;
      yield make(batch, source);
      // Promise jobs alone would keep timers and sockets waiting as long as records come in.
      if (!source.closed) await new Promise(setImmediate);
    }
  } finally {
    for (const source of sources) source.release();
  }
}

/**
 * Their records one by one. Those of a batch that an iteration leaves behind are kept for the next that asks.
 *
 * @param make - what is yielded for a record
 */
export async function* recordsIn<Event, Yielded>(
  sources: readonly Source<Event>[],
  options: IterationOptions,
  make: (event: Event, source: Source<Event>) => Yielded,
): AsyncGenerator<Yielded, void, void> {
  for await (const [batch, source] of batchesOf(sources, options, pair<Event>)) {
    let passed = 0;
    try {
      for (const records = batch[Symbol.iterator](); ; ) {
        // Before it is decoded: one that cannot be would stand in the way for ever.
        passed++;
        const next = records.next();
        if (next.done) break;
        yield make(next.value, source);
      }
    } finally {
      if (passed < batch.length) source.keepFrom(passed);
    }
  }
}

function pair<Event>(
  batch: RecordBatch<Event>,
  source: Source<Event>,
): readonly [RecordBatch<Event>, Source<Event>] {
  return [batch, source];
}

function claimAll(sources: readonly Claimable[]): void {
  const claimed: Claimable[] = [];
  try {
    for (const source of sources) {
      source.claim();
      claimed.push(source);
    }
  } catch (error) {
    for (const source of claimed) source.release();
    throw error;
  }
}

/** A batch of the first source, from `first` on and around, that has one. */
function takeFirst<Event>(
  sources: readonly Source<Event>[],
  first: number,
): { source: Source<Event>; batch: RecordBatch<Event> } | undefined {
  for (let i = 0; i < sources.length; i++) {
    const source = sources[(first + i) % sources.length];
    if (!source || source.closed) continue;
    const batch = source.take();
    if (batch.length > 0) return { source, batch };
  }
  return undefined;
}

/** Resolves when a record may have arrived, a source was closed, or the signal was aborted. */
async function readable(sources: readonly Claimable[], signal: AbortSignal | undefined): Promise<void> {
  const open = sources.filter(({ closed }) => !closed);
  let wake: () => void = () => undefined;
  const arrival = new Promise<void>((resolve) => {
    wake = resolve;
  });
  signal?.addEventListener('abort', wake, { once: true });
  for (const source of open) source.wait(wake);
  try {
    await arrival;
  } finally {
    for (const source of open) source.stopWaiting();
    signal?.removeEventListener('abort', wake);
  }
}
