import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BpfObject, EventGroup, RingBuffer } from '../../src/index.js';
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

function produce(size: 'small' | 'large', count: number): void {
  object.globals.batch = count;
  object.programs[`produce_${size}`].run();
}

type Two = { small: RingBuffer<ProducedEvent>; large: RingBuffer<ProducedEvent> };

function group(batchRecords = 4096): EventGroup<Two> {
  return new EventGroup({
    small: new RingBuffer(object.maps.small_events, {
      batchRecords,
      dropped: object.maps.small_events_dropped,
    }),
    large: new RingBuffer(object.maps.large_events, {
      batchRecords,
      dropped: object.maps.large_events_dropped,
    }),
  });
}

describe('several rings in one loop', () => {
  test('tag each record with its source, and keep the order within it', async () => {
    using both = group();
    produce('large', 3);
    produce('small', 4);
    const seen: Record<string, bigint[]> = { small: [], large: [] };
    let count = 0;
    for await (const { source, event } of both) {
      seen[source]?.push(event.sequence);
      if (++count === 5) produce('small', 2);
      if (count === 9) break;
    }
    expect(seen).toEqual({ small: [0n, 1n, 2n, 3n, 4n, 5n], large: [0n, 1n, 2n] });
    const { small, large } = both.stats();
    expect(small).toEqual({ delivered: 6, discarded: 0, dropped: 0n, waiting: 0 });
    expect(large).toEqual({ delivered: 3, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('get their turns, however full the others are kept', async () => {
    using both = group(8);
    produce('small', 5000);
    produce('large', 20);
    const sources: string[] = [];
    for await (const { source, batch } of both.batches()) {
      sources.push(`${source} ${batch.length}`);
      produce('small', 100);
      if (sources.length === 6) break;
    }
    expect(sources).toEqual(['small 8', 'large 8', 'small 8', 'large 8', 'small 8', 'large 4']);
  });

  test('wake the loop, whichever it is that has a record', async () => {
    using both = group();
    const events = both.events();
    for (let round = 0; round < 10; round++) {
      const size = round % 3 === 0 ? 'small' : 'large';
      const next = events.next();
      await nextTurn();
      produce(size, 1);
      expect(await next).toMatchObject({ done: false, value: { source: size } });
    }
    await events.return();
  });

  test('keep what a loop leaves of a batch', async () => {
    using both = group();
    produce('small', 3);
    produce('large', 3);
    for await (const { source } of both) if (source === 'large') break;
    const seen: string[] = [];
    for await (const { source, event } of both) {
      seen.push(`${source} ${event.sequence}`);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['large 1', 'large 2']);
  });

  test('leave the others when one is closed, and end the loop when all are', async () => {
    const [small, large] = [
      new RingBuffer(object.maps.small_events),
      new RingBuffer(object.maps.large_events),
    ];
    using both = new EventGroup({ small, large });
    produce('small', 1);
    produce('large', 1);
    const seen: string[] = [];
    for await (const { source } of both) {
      seen.push(source);
      if (source === 'small') small.close();
      else setImmediate(() => large.close());
    }
    expect(seen).toEqual(['small', 'large']);
    expect(both.stats()).toMatchObject({ small: { delivered: 1 }, large: { delivered: 1 } });
  });

  test('exclude a second loop over any of them, which then has taken none', async () => {
    const small = new RingBuffer(object.maps.small_events);
    const large = new RingBuffer(object.maps.large_events);
    using both = new EventGroup({ small, large });
    const alone = large.onBatch(() => undefined);
    expect(await thrown(() => both.events().next())).toMatchObject({
      code: 'ERR_BPF_STATE',
      map: 'large_events',
    });
    expect((await thrown(() => both.onBatch(() => undefined))).code).toBe('ERR_BPF_STATE');
    expect(small.read()).toEqual([]);
    alone.close();
    using _ = both.onBatch(() => undefined);
    expect((await thrown(() => small.read())).code).toBe('ERR_BPF_STATE');
  });

  test('stop waiting when a signal is aborted', async () => {
    using both = group();
    const controller = new AbortController();
    const reason = new Error('enough');
    const next = both.batches({ signal: controller.signal }).next();
    await nextTurn();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    produce('small', 1);
    for await (const { source } of both) {
      expect(source).toBe('small');
      break;
    }
  });

  test('deliver to one callback, in every turn of the event loop up to its share each', async () => {
    using both = group(8);
    const counts = { small: 0, large: 0 };
    let now = { small: 0, large: 0 };
    const turns: (typeof counts)[] = [];
    using subscription = both.onBatch(({ source, batch }) => {
      counts[source] += batch.length;
      now[source] += batch.length;
      if (source === 'small') produce('small', 50);
    });
    produce('large', 40);
    produce('small', 3000);
    while (counts.large < 40) {
      now = { small: 0, large: 0 };
      await nextTurn();
      turns.push(now);
    }
    expect(turns.filter(({ small, large }) => small > 8 || large > 8)).toEqual([]);
    // The small ones were never done, and the large ones were no later for it than their own share takes.
    expect(both.stats().small.waiting).toBeGreaterThan(0);
    expect(turns.filter(({ large }) => large > 0)).toHaveLength(5);
    subscription.pause();
    expect(subscription.paused).toBe(true);
    produce('large', 1);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(counts.large).toBe(40);
    subscription.resume();
    while (counts.large < 41) await nextTurn();
    subscription.close();
    expect([subscription.closed, subscription.paused]).toEqual([true, true]);
  });

  test('are readers, each under one name', async () => {
    for (const [, value] of everyKindBut()) {
      const error = await thrown(() => new EventGroup(untyped<Two>({ wrong: value })));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input' });
      expect(error.message).toContain('"wrong" must be a RingBuffer or a PerfBuffer');
    }
    using small = new RingBuffer(object.maps.small_events);
    expect(await thrown(() => new EventGroup({ one: small, two: small }))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
    expect((await thrown(() => new EventGroup(untyped<Two>(null)))).code).toBe('ERR_BPF_ARGUMENT');
  });

  test('may be none: a loop over them ends at once', async () => {
    using none = new EventGroup({});
    for await (const _ of none) expect.unreachable();
    expect(none.stats()).toEqual({});
  });
});
