import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BpfObject, type ReaderOptions, RingBuffer } from '../../src/index.js';
import { native } from '../../src/native.js';
import { Child } from '../support/child.js';
import { bpfFiles } from '../support/fds.js';
import { loadProducer, type ProducedEvent, type Producer } from '../support/fixtures.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

type Size = 'small' | 'large';

let before: string[];
let object: BpfObject<Producer>;
beforeEach(async () => {
  before = bpfFiles();
  object = await loadProducer();
});
afterEach(async () => {
  object.close();
  // The reader's descriptor is watched by the event loop, which lets it go at its next turn.
  await nextTurn();
  expect(bpfFiles()).toEqual(before);
});

function produce(size: Size, count: number): void {
  object.globals.batch = count;
  object.programs[`produce_${size}`].run();
}

function reader(size: Size, options: ReaderOptions = {}): RingBuffer<ProducedEvent> {
  const dropped = object.maps[`${size}_events_dropped`];
  return new RingBuffer(object.maps[`${size}_events`], {
    dropped,
    ...options,
  });
}

function drain(ring: RingBuffer<ProducedEvent>): bigint[] {
  const sequences: bigint[] = [];
  for (let events = ring.read(); events.length > 0; events = ring.read()) {
    sequences.push(...events.map(({ sequence }) => sequence));
  }
  return sequences;
}

const isAscending = (sequences: readonly bigint[]): boolean =>
  sequences.every((sequence, i) => i === 0 || sequence > (sequences[i - 1] ?? sequence));

describe.each(['small', 'large'] as const)('the account of the ring of %s events', (size) => {
  const expectBalanced = (ring: RingBuffer, delivered: number) => {
    const stats = ring.stats();
    expect(stats).toMatchObject({ delivered, waiting: 0 });
    const produced = object.globals[`${size}_produced`];
    expect(BigInt(stats.delivered) + (stats.dropped ?? 0n)).toBe(produced);
    expect(stats.dropped).toBe(object.globals[`${size}_refused`]);
  };

  test('is exact when all find room', () => {
    using ring = reader(size);
    produce(size, 20);
    const sequences = drain(ring);
    expect(sequences).toEqual(Array.from({ length: 20 }, (_, i) => BigInt(i)));
    expectBalanced(ring, 20);
    expect(ring.stats().dropped).toBe(0n);
  });

  test('is exact when most find none, over many rounds and in order', () => {
    using ring = reader(size);
    const sequences: bigint[] = [];
    for (let round = 0; round < 20; round++) {
      produce(size, 10_000);
      expect(ring.stats().waiting).toBeGreaterThan(32 * 1024);
      sequences.push(...drain(ring));
    }
    expect(object.globals[`${size}_produced`]).toBe(200_000n);
    expect(ring.stats().dropped).toBeGreaterThan(0n);
    expect(isAscending(sequences)).toBe(true);
    expectBalanced(ring, sequences.length);
  });

  test('is exact while events are produced and iterated in turns', async () => {
    using ring = reader(size);
    const sequences: bigint[] = [];
    let rounds = 0;
    produce(size, 1);
    for await (const batch of ring.batches()) {
      sequences.push(...[...batch].map(({ sequence }) => sequence));
      expect(batch.length).toBeGreaterThan(0);
      if (rounds++ === 50) break;
      produce(size, 1 + ((rounds * 997) % 5000));
    }
    sequences.push(...drain(ring));
    expect(isAscending(sequences)).toBe(true);
    expectBalanced(ring, sequences.length);
  });
});

describe('a record', () => {
  test('has its fields', () => {
    using ring = reader('small');
    produce('small', 1);
    const [event] = ring.read();
    expect(event).toEqual({ sequence: 0n, time_ns: expect.any(BigInt) });
    expect(event?.time_ns).toBeGreaterThan(0n);
  });

  test('has all of its bytes, also where the ring wraps around', () => {
    using ring = reader('large');
    for (let round = 0; round < 20; round++) {
      produce('large', 7);
      for (const event of ring.read() as (ProducedEvent & { filling: Uint8Array })[]) {
        expect(new Set(event.filling)).toEqual(new Set([Number(event.sequence & 0xffn)]));
        expect(event.filling).toHaveLength(1008);
      }
    }
    expect(ring.stats()).toMatchObject({ delivered: 140, dropped: 0n });
  });

  test('larger than the slab is refused with a hint, and not lost', async () => {
    using ring = reader('large');
    produce('large', 2);
    const { readerDrain } = native();
    // Smaller than any slab that can be asked for, so that an event of 1,024 bytes is too large.
    const small = vi
      .spyOn(native(), 'readerDrain')
      .mockImplementation((handle, slab, most, result) =>
        readerDrain(handle, slab.subarray(0, 1031), most, result),
      );
    const error = await thrown(() => ring.read());
    small.mockRestore();
    expect(error).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE', map: 'large_events', reason: 'input' });
    expect(error.message).toContain('a record of 1032 bytes');
    expect(error.hint).toBe('pass a larger slabSize');
    expect(drain(ring)).toEqual([0n, 1n]);
  });
});

describe('options', () => {
  test('slabSize bounds a batch', async () => {
    // A small event takes 8 bytes of header and 16 of its own.
    using ring = reader('small', { slabSize: 4096 });
    produce('small', 1000);
    expect(ring.read()).toHaveLength(Math.floor(4096 / 24));
    expect(drain(ring)).toHaveLength(1000 - Math.floor(4096 / 24));
  });

  test('batchRecords bounds a batch', async () => {
    using ring = reader('small', { batchRecords: 7 });
    produce('small', 100);
    expect(ring.read()).toHaveLength(7);
    const lengths: number[] = [];
    for await (const batch of ring.batches()) {
      lengths.push(batch.length);
      if (ring.stats().delivered === 100) break;
    }
    expect(lengths).toEqual([...new Array<number>(13).fill(7), 2]);
  });

  test.each(['bigint', 'number', 'auto'] as const)(
    'dropped is the same in an object opened without types and with u64: %s',
    async (u64) => {
      using opened = BpfObject.open(fixture('producer'), { u64 });
      using untyped = await opened.load();
      const { small_events: events, small_events_dropped: dropped } = untyped.maps;
      untyped.globals.batch = 10_000;
      untyped.programs.produce_small?.run();
      if (!events || !dropped) throw new Error('the fixture has changed');
      using ring = new RingBuffer(events, { dropped });
      const refused = untyped.globals.small_refused as bigint | number;
      expect(ring.stats().dropped).toBe(BigInt(refused));
      expect(refused).toBeGreaterThan(0);
    },
  );

  test('dropped may be left out, and then nobody knows', () => {
    using ring = new RingBuffer(object.maps.small_events);
    expect(ring.stats()).toEqual({ delivered: 0, discarded: 0, dropped: undefined, waiting: 0 });
  });

  test.each([
    { slabSize: 0 },
    { slabSize: 4095 },
    { slabSize: 1.5 },
    { slabSize: 2 ** 40 },
    { slabSize: Number.NaN },
    { batchRecords: 0 },
    { batchRecords: -1 },
    { batchRecords: 2 ** 32 },
    { batchRecords: Number.POSITIVE_INFINITY },
  ])('out of range are refused: %o', async (options) => {
    const error = await thrown(() => reader('small', options));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input' });
    expect(error.message).toContain(Object.keys(options)[0]);
  });
});

describe('the event loop', () => {
  test('goes on while more is produced than is read', async () => {
    using ring = reader('small', { batchRecords: 16 });
    produce('small', 1);
    let turns = 0;
    let timers = 0;
    const immediate = () => {
      turns++;
      handle = setImmediate(immediate);
    };
    let handle = setImmediate(immediate);
    const timer = setInterval(() => timers++, 0);
    let batches = 0;
    for await (const batch of ring.batches()) {
      expect(batch.length).toBeLessThanOrEqual(16);
      produce('small', 100);
      // A bound, for nothing else would end the loop if timers did not fire.
      if ((++batches >= 200 && timers >= 5) || batches === 10_000) break;
    }
    clearImmediate(handle);
    clearInterval(timer);
    expect(timers).toBeGreaterThanOrEqual(5);
    expect(turns).toBeGreaterThanOrEqual(200 - 1);
    expect(ring.stats().waiting).toBeGreaterThan(0);
  });

  test('wakes a reader that waits, again and again', async () => {
    using ring = reader('small');
    const events = ring.events();
    for (let i = 0; i < 20; i++) {
      const next = events.next();
      await nextTurn();
      produce('small', 1);
      expect(await next).toMatchObject({ done: false, value: { sequence: BigInt(i) } });
    }
    await events.return();
  });
});

describe('an iteration', () => {
  test('throws the reason of a signal that was aborted before', async () => {
    using ring = reader('small');
    produce('small', 1);
    const reason = new Error('enough');
    const iterate = async () => {
      for await (const _ of ring.events({ signal: AbortSignal.abort(reason) })) expect.unreachable();
    };
    await expect(iterate()).rejects.toBe(reason);
    expect(ring.read()).toHaveLength(1);
  });

  test('throws the reason of a signal that is aborted while it waits', async () => {
    using ring = reader('small');
    const controller = new AbortController();
    const next = ring.events({ signal: controller.signal }).next();
    const reason = new Error('enough');
    await nextTurn();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    produce('small', 1);
    expect(ring.read()).toHaveLength(1);
  });

  test('throws the reason of a signal that is aborted between batches', async () => {
    using ring = reader('small', { batchRecords: 1 });
    produce('small', 3);
    const controller = new AbortController();
    const seen: bigint[] = [];
    const iterate = async () => {
      for await (const { sequence } of ring.events({ signal: controller.signal })) {
        seen.push(sequence);
        if (sequence === 1n) controller.abort();
      }
    };
    await expect(iterate()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toEqual([0n, 1n]);
  });

  test('refuses what is no signal', async () => {
    using ring = reader('small');
    for (const signal of [null, 5, {}, 'abort']) {
      const options = { signal: signal as unknown as AbortSignal };
      expect(await thrown(() => ring.batches(options).next())).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
    }
    const error = await thrown(() => ring.batches(null as unknown as object).next());
    expect(error.code).toBe('ERR_BPF_ARGUMENT');
    expect(ring.read()).toEqual([]);
  });

  test('can be left by break, and another begun', async () => {
    using ring = reader('small', { batchRecords: 10 });
    produce('small', 30);
    for await (const batch of ring.batches()) {
      expect(batch.length).toBe(10);
      break;
    }
    expect(ring.read()).toHaveLength(10);
    for await (const { sequence } of ring) {
      expect(sequence).toBe(20n);
      break;
    }
  });

  test('over single events loses none when it is left: whoever reads next gets the rest of its batch', async () => {
    using ring = reader('small');
    produce('small', 7);
    const seen: bigint[] = [];
    for await (const { sequence } of ring) if (seen.push(sequence) === 2) break;
    expect(ring.stats()).toMatchObject({ delivered: 2, dropped: 0n });
    expect(ring.stats().waiting).toBeGreaterThan(0);
    produce('small', 2);
    for await (const { sequence } of ring) if (seen.push(sequence) === 3) break;
    for await (const batch of ring.batches()) {
      expect(batch.length).toBe(4);
      seen.push(...[...batch].map(({ sequence }) => sequence));
      break;
    }
    seen.push(...drain(ring));
    expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(ring.stats()).toEqual({ delivered: 9, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('that is left by an error leaves the rest as well, and a closed reader gives nothing', async () => {
    const ring = reader('small');
    produce('small', 3);
    const failing = async () => {
      for await (const _ of ring) throw new RangeError('mine');
    };
    await expect(failing()).rejects.toThrow('mine');
    expect(ring.stats().delivered).toBe(1);
    ring.close();
    expect((await thrown(() => ring.read())).code).toBe('ERR_BPF_CLOSED');
    expect(ring.stats()).toEqual({ delivered: 1, discarded: 2, dropped: 0n, waiting: 0 });
  });

  test('ends when the reader is closed while it waits', async () => {
    const ring = reader('small');
    const next = ring.events().next();
    await nextTurn();
    ring.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('ends after the batch at hand when the reader is closed in its body', async () => {
    const ring = reader('small', { batchRecords: 2 });
    produce('small', 10);
    const seen: bigint[] = [];
    for await (const { sequence } of ring) {
      seen.push(sequence);
      ring.close();
    }
    expect(seen).toEqual([0n, 1n]);
  });

  test('excludes a second one and read(), until it ends', async () => {
    using ring = reader('small');
    const first = ring.events();
    const next = first.next();
    for (const call of [() => ring.events().next(), () => ring.batches().next(), () => ring.read()]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_STATE', map: 'small_events' });
    }
    produce('small', 2);
    expect(await next).toMatchObject({ value: { sequence: 0n } });
    expect((await thrown(() => ring.read())).code).toBe('ERR_BPF_STATE');
    await first.return();
    expect(ring.read()).toMatchObject([{ sequence: 1n }]);
  });
});

describe('a ring', () => {
  test('has one reader at a time in a process', async () => {
    const first = reader('small');
    const error = await thrown(() => reader('small'));
    expect(error).toMatchObject({ code: 'EBUSY', map: 'small_events' });
    reader('large').close();
    first.close();
    reader('small').close();
  });

  test('keeps what a closed reader has not read for the next', () => {
    const first = reader('small', { batchRecords: 3 });
    produce('small', 5);
    expect(first.read()).toHaveLength(3);
    first.close();
    expect(first.stats()).toEqual({ delivered: 3, discarded: 0, dropped: 0n, waiting: 2 * 24 });
    using second = reader('small');
    expect(drain(second)).toEqual([3n, 4n]);
  });

  test('is read on when its map and object are closed', () => {
    using ring = reader('small', { dropped: undefined as never });
    produce('small', 5);
    object.close();
    expect(ring.read()).toHaveLength(5);
  });
});

describe('a closed reader', () => {
  test('refuses everything but another close', async () => {
    const ring = reader('small');
    expect(ring.closed).toBe(false);
    ring.close();
    ring.close();
    expect(ring.closed).toBe(true);
    for (const call of [
      () => ring.read(),
      () => ring.onBatch(() => undefined),
      () => ring.ref(),
      () => ring.unref(),
      () => ring.batches().next(),
      () => ring.events().next(),
    ]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_CLOSED' });
    }
  });
});

describe('a process that waits for records', () => {
  test.each(['unref', 'keepAlive-false'])('may end with %s', async (how) => {
    using child = new Child('ring-wait', [how]);
    expect(await child.ended()).toEqual({ code: 0, signal: null, stdout: 'waiting\n', stderr: '' });
  });

  test.each(['ref', 'default'])('stays alive with %s until records come', async (how) => {
    using child = new Child('ring-wait', [how]);
    expect(await child.ended()).toEqual({
      code: 0,
      signal: null,
      stdout: 'waiting\nstill there\n0\n',
      stderr: '',
    });
  });

  test('may end when it does not wait', async () => {
    using child = new Child('ring-wait', ['idle']);
    expect(await child.ended()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });
});
