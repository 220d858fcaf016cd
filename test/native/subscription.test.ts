import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BpfObject, type ReaderOptions, RingBuffer } from '../../src/index.js';
import { Child } from '../support/child.js';
import { loadProducer, type ProducedEvent, type Producer } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';

let object: BpfObject<Producer>;
beforeEach(async () => {
  object = await loadProducer();
});
afterEach(() => {
  object.close();
});

function produce(count: number): void {
  object.globals.batch = count;
  object.programs.produce_small.run();
}

function reader(options: ReaderOptions = {}): RingBuffer<ProducedEvent> {
  return new RingBuffer(object.maps.small_events, { dropped: object.maps.small_events_dropped, ...options });
}

const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i));

async function turnsUntil(done: () => boolean): Promise<number> {
  let turns = 0;
  while (!done()) {
    await nextTurn();
    turns++;
  }
  return turns;
}

describe('a callback', () => {
  test('receives what waits and what comes, in order, in the turns in which it arrives', async () => {
    using ring = reader();
    const seen: bigint[] = [];
    produce(5);
    using subscription = ring.onBatch((batch) => {
      for (const { sequence } of batch) seen.push(sequence);
    });
    expect(seen).toEqual([]);
    await turnsUntil(() => seen.length === 5);
    produce(5);
    await turnsUntil(() => seen.length === 10);
    expect(seen).toEqual(upTo(10));
    expect([subscription.paused, subscription.closed]).toEqual([false, false]);
    expect(ring.stats()).toEqual({ delivered: 10, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('receives cursors over the same batch', async () => {
    using ring = reader();
    let sum = 0n;
    using _ = ring.onBatch((batch) => {
      for (const { sequence } of batch.cursors()) sum += sequence;
    });
    produce(100);
    await turnsUntil(() => sum > 0n);
    expect(sum).toBe(4950n);
  });

  test('gets a bounded number of records in a turn while the ring is kept full', async () => {
    using ring = reader({ batchRecords: 16 });
    const perTurn: number[] = [];
    let now = 0;
    let timers = 0;
    let subscription: Disposable | undefined;
    const timer = setInterval(() => timers++, 0);
    try {
      produce(10_000);
      subscription = ring.onBatch(
        (batch) => {
          expect(batch.length).toBeLessThanOrEqual(16);
          now += batch.length;
          // More than was taken: the ring never gets empty.
          produce(32);
        },
        { turnRecords: 40 },
      );
      // A bound, for nothing else would end the loop if timers did not fire.
      while ((perTurn.length < 200 || timers < 5) && perTurn.length < 20_000) {
        now = 0;
        await nextTurn();
        perTurn.push(now);
      }
    } finally {
      clearInterval(timer);
      subscription?.[Symbol.dispose]();
    }
    expect(timers).toBeGreaterThanOrEqual(5);
    // The event loop polls once in a turn.
    expect(Math.max(...perTurn)).toBe(40);
    expect(ring.stats().dropped).toBeGreaterThan(0n);
    const { delivered } = ring.stats();
    let rest = 0;
    for (let some = ring.read(); some.length > 0; some = ring.read()) rest += some.length;
    expect(BigInt(delivered + rest) + (ring.stats().dropped ?? 0n)).toBe(object.globals.small_produced);
  });

  test('that throws loses nothing: the next batch comes, and the error is uncaught', async () => {
    using child = new Child('callback-throws');
    expect(await child.ended()).toEqual({
      code: 0,
      signal: null,
      stdout: 'uncaught mine 0\nuncaught mine 1\nuncaught mine 2\nuncaught mine 3\n6 delivered\n',
      stderr: '',
    });
  });

  test('is over, with an uncaught error, when a record is larger than the slab', async () => {
    using child = new Child('callback-throws', ['too-large']);
    const { stdout, ...ended } = await child.ended();
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout).toBe('uncaught ERR_BPF_VALUE_RANGE\nclosed true\n');
  });

  test.each(everyKindBut('a function'))('is not %s', async (_, value) => {
    using ring = reader();
    const error = await thrown(() => ring.onBatch(untyped(value)));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: 'the callback must be a function' });
    produce(1);
    expect(ring.read()).toHaveLength(1);
  });

  test.each([
    { turnRecords: 0 },
    { turnRecords: 1.5 },
    { turnRecords: 2 ** 32 },
    { signal: {} as AbortSignal },
  ])('is refused with %o', async (options) => {
    using ring = reader();
    const error = await thrown(() => ring.onBatch(() => undefined, options));
    expect(error.code).toBe('ERR_BPF_ARGUMENT');
    expect(ring.read()).toEqual([]);
  });
});

describe('a subscription', () => {
  test('that is paused takes nothing: the programs count what finds no room, and the account is exact', async () => {
    using ring = reader();
    let delivered = 0;
    using subscription = ring.onBatch((batch) => {
      delivered += batch.length;
    });
    produce(10);
    await turnsUntil(() => delivered === 10);
    subscription.pause();
    expect(subscription.paused).toBe(true);
    produce(10_000);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(delivered).toBe(10);
    const paused = ring.stats();
    expect(paused.dropped).toBeGreaterThan(0n);
    expect(paused.waiting).toBeGreaterThan(60_000);

    subscription.resume();
    await turnsUntil(() => ring.stats().waiting === 0);
    expect(ring.stats()).toEqual({ delivered, discarded: 0, dropped: paused.dropped, waiting: 0 });
    expect(BigInt(delivered) + (paused.dropped ?? 0n)).toBe(10_010n);
    expect(paused.dropped).toBe(object.globals.small_refused);
    // Woken by what comes next as well.
    produce(3);
    await turnsUntil(
      () => ring.stats().delivered === delivered && delivered > 0 && ring.stats().waiting === 0,
    );
    expect(BigInt(delivered) + (paused.dropped ?? 0n)).toBe(10_013n);
  });

  test('is resumed by a record that came while it was paused', async () => {
    using ring = reader();
    const seen: bigint[] = [];
    using subscription = ring.onBatch((batch) => {
      for (const { sequence } of batch) seen.push(sequence);
    });
    for (let round = 0; round < 10; round++) {
      subscription.pause();
      produce(1);
      await nextTurn();
      subscription.resume();
      await turnsUntil(() => seen.length === round + 1);
    }
    expect(seen).toEqual(upTo(10));
  });

  test('that its callback pauses gets no further batch of that turn', async () => {
    using ring = reader({ batchRecords: 10 });
    const lengths: number[] = [];
    produce(50);
    using subscription = ring.onBatch(
      (batch) => {
        lengths.push(batch.length);
        subscription.pause();
      },
      { turnRecords: 100 },
    );
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(lengths).toEqual([10]);
    subscription.resume();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(lengths).toEqual([10, 10]);
    expect(ring.stats()).toMatchObject({ delivered: 20, waiting: 30 * 24 });
  });

  test.each(['subscription', 'reader', 'signal'] as const)(
    'is ended in its callback by its %s',
    async (what) => {
      const ring = reader({ batchRecords: 10 });
      const controller = new AbortController();
      const lengths: number[] = [];
      produce(50);
      const subscription = ring.onBatch(
        (batch) => {
          lengths.push(batch.length);
          if (what === 'subscription') subscription.close();
          else if (what === 'reader') ring.close();
          else controller.abort();
        },
        { turnRecords: 100, signal: controller.signal },
      );
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      expect(lengths).toEqual([10]);
      expect(subscription.closed).toBe(true);
      subscription.resume();
      subscription.pause();
      subscription.close();
      expect(ring.closed).toBe(what === 'reader');
      expect(ring.stats()).toEqual({ delivered: 10, discarded: 0, dropped: 0n, waiting: 40 * 24 });
      if (what !== 'reader') expect(ring.read()).toHaveLength(10);
      ring.close();
    },
  );

  test('begins with what a loop left of its batch, without any record coming', async () => {
    using ring = reader();
    produce(5);
    for await (const { sequence } of ring) if (sequence === 1n) break;
    const seen: bigint[] = [];
    using _ = ring.onBatch((batch) => {
      for (const { sequence } of batch) seen.push(sequence);
    });
    await turnsUntil(() => seen.length === 3);
    expect(seen).toEqual([2n, 3n, 4n]);
    expect(ring.stats()).toEqual({ delivered: 5, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('excludes other readings, and they it, until it is closed', async () => {
    using ring = reader();
    const subscription = ring.onBatch(() => undefined);
    for (const call of [
      () => ring.onBatch(() => undefined),
      () => ring.read(),
      () => ring.events().next(),
      () => ring.batches().next(),
    ]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_STATE', map: 'small_events' });
    }
    subscription.close();
    const events = ring.events();
    const next = events.next();
    expect((await thrown(() => ring.onBatch(() => undefined))).code).toBe('ERR_BPF_STATE');
    produce(1);
    expect(await next).toMatchObject({ value: { sequence: 0n } });
    await events.return();
  });

  test('is not begun with a signal that is aborted already', () => {
    using ring = reader();
    const reason = new Error('enough');
    expect(() => ring.onBatch(() => undefined, { signal: AbortSignal.abort(reason) })).toThrow(reason);
    expect(ring.read()).toEqual([]);
  });

  test('is ended by a signal while it waits, and by its reader', async () => {
    using ring = reader();
    const controller = new AbortController();
    const first = ring.onBatch(() => expect.unreachable(), { signal: controller.signal });
    await nextTurn();
    controller.abort();
    expect(first.closed).toBe(true);
    const second = ring.onBatch(() => expect.unreachable());
    await nextTurn();
    ring.close();
    expect(second.closed).toBe(true);
  });
});

describe('a process with a subscription', () => {
  test.each([
    ['subscribed', 'still there\n1 delivered\n'],
    ['paused', ''],
    ['unref', ''],
    ['closed', ''],
  ])('lives on while it is %s only as long as it waits for records', async (how, stdout) => {
    using child = new Child('subscription-wait', [how]);
    expect(await child.ended()).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });
});
