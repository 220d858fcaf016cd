import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BpfObject, PerfBuffer, type PerfBufferOptions, RingBuffer } from '../../src/index.js';
import { PrivateBpffs } from './bpffs.js';
import { Child } from './child.js';
import { onlineCpus, runOn } from './cpus.js';
import { fixture } from './objects.js';
import { thrown } from './thrown.js';

interface PerfEvent {
  sequence: bigint;
  cpu: number;
  inverted: number;
}

/** test/fixtures/bpf/perf_producer.bpf.c */
interface PerfProducer {
  programs: 'produce' | 'produce_bytes';
  maps: {
    events: { key: never; value: PerfEvent };
    events_dropped: { key: number; value: bigint[] };
    untyped: { key: never; value: Uint8Array };
  };
  globals: { batch: number; bytes: number; produced: bigint; refused: bigint };
}

// net/bpf/test_run.c bpf_prog_test_run_raw_tp() gives the program's result as a u32.
const ENOENT = 2 ** 32 - 2;

/** Perf buffers of the running kernel. */
export function describePerfBuffers(): void {
  const cpus = onlineCpus();
  let object: BpfObject<PerfProducer>;
  beforeEach(async () => {
    object = await BpfObject.open<PerfProducer>(fixture('perf_producer')).load();
  });
  afterEach(() => {
    object.close();
    runOn(...cpus);
  });

  function produce(count: number): void {
    object.globals.batch = count;
    object.programs.produce.run();
  }

  function sendBytes(count: number): number {
    object.globals.bytes = count;
    return object.programs.produce_bytes.run();
  }

  function reader(options: PerfBufferOptions = {}): PerfBuffer<PerfEvent> {
    return new PerfBuffer(object.maps.events, { dropped: object.maps.events_dropped, ...options });
  }

  function drain(buffer: PerfBuffer<PerfEvent>): PerfEvent[] {
    const all: PerfEvent[] = [];
    for (let some = buffer.read(); some.length > 0; some = buffer.read()) all.push(...some);
    return all;
  }

  const sequencesOf = (events: readonly PerfEvent[]): bigint[] => events.map(({ sequence }) => sequence);
  const isIntact = ({ sequence, inverted }: PerfEvent): boolean =>
    BigInt(inverted) === (~sequence & 0xffffffffn);

  describe('the account of a perf buffer', () => {
    test('is exact when all find room', () => {
      runOn(cpus[0] ?? 0);
      using buffer = reader();
      produce(1000);
      const events = drain(buffer);
      expect(sequencesOf(events)).toEqual(Array.from({ length: 1000 }, (_, i) => BigInt(i)));
      expect(events.every(isIntact)).toBe(true);
      expect(new Set(events.map(({ cpu }) => cpu))).toEqual(new Set([cpus[0]]));
      expect(buffer.stats()).toEqual({ delivered: 1000, discarded: 0, dropped: 0n, waiting: 0 });
    });

    test('is exact when most find none, over many rounds, by the programs and by the kernel', () => {
      runOn(cpus[0] ?? 0);
      using buffer = reader({ pages: 1 });
      let delivered = 0;
      let last = -1n;
      for (let round = 0; round < 30; round++) {
        produce(500 + 37 * round);
        expect(buffer.stats().waiting).toBeGreaterThan(3500);
        for (const event of drain(buffer)) {
          expect(event.sequence).toBeGreaterThan(last);
          expect(isIntact(event)).toBe(true);
          last = event.sequence;
          delivered++;
        }
      }
      const { produced, refused } = object.globals;
      expect(refused).toBeGreaterThan(0n);
      expect(buffer.stats()).toEqual({ delivered, discarded: 0, dropped: refused, waiting: 0 });
      expect(BigInt(delivered) + refused).toBe(produced);
      expect(buffer.cpus().map(({ cpu }) => cpu)).toEqual(cpus);
      expect(buffer.cpus().find(({ cpu }) => cpu === cpus[0])?.lost).toBe(refused);
    });

    test("is the kernel's without a map of counts, and tells a loss that nothing followed", () => {
      using buffer = new PerfBuffer(object.maps.events, { pages: 1 });
      produce(1000);
      expect(buffer.stats().dropped).toBe(object.globals.refused);
      expect(object.globals.refused).toBeGreaterThan(0n);
    });

    test('holds what a closed reader had not delivered', async () => {
      const buffer = reader();
      produce(10);
      for await (const { sequence } of buffer) if (sequence === 3n) break;
      produce(5);
      buffer.close();
      expect(buffer.stats()).toEqual({ delivered: 4, discarded: 11, dropped: 0n, waiting: 0 });
      // Nobody reads now: the programs count what they could not send.
      produce(7);
      expect(object.maps.events_dropped.get(0)?.reduce((a, b) => a + b)).toBe(7n);
      expect(object.globals.produced).toBe(22n);
    });

    test("is exact also when it is closed while another process's program writes", async () => {
      using bpffs = new PrivateBpffs();
      const pin = join(bpffs.path, 'produce');
      object.globals.batch = 20_000;
      object.programs.produce.pin(pin);
      const last = cpus.at(-1) ?? 0;
      let discarded = 0;
      let delivered = 0;
      {
        using child = new Child('perf-producer', [pin], { command: ['taskset', '-c', String(last)] });
        await child.message();
        runOn(cpus[0] ?? 0);
        for (let round = 0; round < 40; round++) {
          const buffer = reader({ pages: 64 });
          delivered += buffer.read().length + buffer.read().length;
          buffer.close();
          discarded += buffer.stats().discarded;
        }
        child.kill('SIGKILL');
        await child.ended();
      }
      const counts = object.maps.events_dropped.get(0) ?? [];
      const dropped = counts.reduce((sum, count) => sum + count, 0n);
      expect(dropped).toBe(object.globals.refused);
      expect(BigInt(delivered + discarded) + dropped).toBe(object.globals.produced);
      expect(object.globals.produced).toBeGreaterThan(0n);
    });

    // Emulated guests have one CPU.
    test.skipIf(cpus.length < 2)('is exact for every CPU, and each gets its turn', () => {
      const [one = 0, two = 1] = cpus;
      using buffer = reader({ pages: 1, batchRecords: 10 });
      for (const cpu of [one, two]) {
        runOn(cpu);
        produce(1000);
      }
      // Both are full: neither may wait until the other is empty.
      const seen = [buffer.read(), buffer.read()].map((events) => new Set(events.map(({ cpu }) => cpu)));
      expect(new Set(seen.flatMap((set) => [...set]))).toEqual(new Set([one, two]));
      drain(buffer);
      const { delivered, dropped } = buffer.stats();
      expect(BigInt(delivered) + (dropped ?? 0n)).toBe(2000n);
      const lost = buffer.cpus().filter(({ cpu }) => cpu === one || cpu === two);
      expect(lost.reduce((sum, cpu) => sum + cpu.lost, 0n)).toBe(dropped);
      expect(lost.every((cpu) => cpu.lost > 0n && cpu.read && cpu.waiting === 0)).toBe(true);
    });
  });

  describe('a reader of a perf buffer', () => {
    test('is woken again and again', async () => {
      using buffer = reader();
      const events = buffer.events();
      for (let i = 0; i < 50; i++) {
        const next = events.next();
        // In turn: before the event loop begins to wait, and when it waits.
        if (i % 2 === 0) await nextTurn();
        produce(1);
        expect(await next).toMatchObject({ done: false, value: { sequence: BigInt(i) } });
      }
      await events.return();
    });

    test('needs no second wake for what one batch left', async () => {
      using buffer = reader({ batchRecords: 7 });
      const lengths: number[] = [];
      produce(100);
      for await (const batch of buffer.batches()) {
        lengths.push(batch.length);
        if (buffer.stats().delivered === 100) break;
      }
      expect(lengths).toEqual([...new Array<number>(14).fill(7), 2]);
    });

    test('delivers to a callback, a bounded number in each turn', async () => {
      using buffer = reader({ batchRecords: 7 });
      const seen: bigint[] = [];
      const turns: number[] = [];
      using subscription = buffer.onBatch(
        (batch) => {
          seen.push(...[...batch].map(({ sequence }) => sequence));
        },
        { turnRecords: 20 },
      );
      for (let round = 0; round < 5; round++) {
        produce(100);
        const aim = seen.length + 100;
        while (seen.length < aim) {
          const before = seen.length;
          await nextTurn();
          turns.push(seen.length - before);
        }
      }
      expect(Math.max(...turns)).toBeLessThanOrEqual(2 * 20);
      expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => BigInt(i)));
      expect(subscription.closed).toBe(false);
      expect(buffer.stats()).toEqual({ delivered: 500, discarded: 0, dropped: 0n, waiting: 0 });
    });

    test('is woken by every so many records when it asks for that', async () => {
      runOn(cpus[0] ?? 0);
      using buffer = reader({ wakeupEvents: 10 });
      const events = buffer.events();
      const first = events.next();
      let woken = false;
      void first.then(() => {
        woken = true;
      });
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      for (let i = 0; i < 9; i++) {
        produce(1);
        await nextTurn();
      }
      expect(woken).toBe(false);
      produce(1);
      expect(await first).toMatchObject({ value: { sequence: 0n } });
      await events.return();
    });

    test('stops waiting when a signal is aborted, and when it is closed', async () => {
      const buffer = reader();
      const controller = new AbortController();
      const reason = new Error('enough');
      const aborted = buffer.events({ signal: controller.signal }).next();
      await nextTurn();
      controller.abort(reason);
      await expect(aborted).rejects.toBe(reason);
      const closed = buffer.events().next();
      await nextTurn();
      buffer.close();
      expect(await closed).toEqual({ done: true, value: undefined });
    });

    test('is the only one in a process, and the next one begins anew', async () => {
      const first = reader();
      expect(await thrown(() => reader())).toMatchObject({ code: 'EBUSY', map: 'events' });
      produce(3);
      first.close();
      using second = reader();
      produce(2);
      expect(sequencesOf(drain(second))).toEqual([3n, 4n]);
    });

    test('takes no other kind of map, and no ring buffer reader a perf event array', async () => {
      const counts = object.maps.events_dropped as never;
      expect(await thrown(() => new PerfBuffer(counts))).toMatchObject({ code: 'ERR_BPF_WRONG_KIND' });
      expect(await thrown(() => new RingBuffer(object.maps.events))).toMatchObject({
        code: 'ERR_BPF_WRONG_KIND',
      });
    });

    test.each([
      [{ pages: 0 }, 'pages'],
      [{ pages: 3 }, 'a power of two'],
      [{ pages: 2 ** 31 }, 'pages'],
      [{ wakeupEvents: 0 }, 'wakeupEvents'],
      [{ wakeupEvents: 1.5 }, 'wakeupEvents'],
      [{ batchRecords: 0 }, 'batchRecords'],
    ])('refuses %o', async (options, word) => {
      const error = await thrown(() => reader(options));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', reason: 'input' });
      expect(error.message).toContain(word);
    });
  });

  test('a perf buffer is of no use to programs that may sleep', async () => {
    const open = BpfObject.open(fixture('faulty_perf_sleepable'));
    const error = await thrown(() => open.load());
    expect(error).toMatchObject({ code: 'EINVAL', program: 'may_sleep' });
    expect(error.verifierLog).toMatch(/Sleepable programs can only use/);
  });

  describe('records of no declared type', () => {
    test('are bytes, with the padding that the kernel adds', () => {
      using buffer = new PerfBuffer(object.maps.untyped);
      for (const size of [1, 2, 4, 5, 12, 13, 20, 4000, 8000]) {
        expect(sendBytes(size)).toBe(0);
        const [bytes] = buffer.read();
        // Padded so that it and the u32 before it are a multiple of 8 (kernel/events/core.c perf_prepare_sample).
        expect(bytes).toHaveLength(Math.ceil((size + 4) / 8) * 8 - 4);
        const known = Math.min(size, 16);
        expect(bytes?.subarray(0, known)).toEqual(Uint8Array.from({ length: known }, (_, i) => i + 1));
      }
    });

    test('are of the type that the reader names', async () => {
      {
        using buffer = new PerfBuffer<unknown>(object.maps.untyped, { type: 'struct event' });
        sendBytes(16);
        expect(buffer.read()).toEqual([
          { sequence: 0x0807060504030201n, cpu: 0x0c0b0a09, inverted: 0x100f0e0d },
        ]);
        sendBytes(8);
        expect(await thrown(() => buffer.read())).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
      }
      const error = await thrown(() => new PerfBuffer(object.maps.untyped, { type: 'struct evnet' }));
      expect(error).toMatchObject({ code: 'ERR_BPF_UNKNOWN_NAME', map: 'untyped', reason: 'input' });
    });

    test('have nowhere to go when nobody reads', () => {
      expect(sendBytes(8)).toBe(ENOENT);
    });
  });
}
