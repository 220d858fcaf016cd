import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BpfObject,
  RecordMap,
  RingBuffer,
  UserRingBuffer,
  type UserRingBufferOptions,
} from '../../src/index.js';
import { fixture } from './objects.js';
import { thrown } from './thrown.js';
import { everyKindBut, untyped } from './untyped.js';

interface Command {
  id: bigint;
  verb: 'START' | 'STOP' | number;
  name: string;
}

/** test/fixtures/bpf/commands.bpf.c */
interface Commands {
  programs: 'drain';
  maps: {
    commands: { key: never; value: Command };
    obeyed: { key: never; value: Command };
  };
  globals: { most: number; taken: bigint; too_short: bigint };
}

// A header of 8 bytes and a command of 24, in a ring of 4096.
const ROOM = 4096 / 32;

/** User ring buffers of the running kernel. */
export function describeUserRings(): void {
  let object: BpfObject<Commands>;
  beforeEach(async () => {
    object = await BpfObject.open<Commands>(fixture('commands')).load();
  });
  afterEach(() => {
    object.close();
  });

  const producer = (options: UserRingBufferOptions = {}): UserRingBuffer<Command> =>
    new UserRingBuffer(object.maps.commands, options);
  const command = (id: number, verb: Command['verb'] = 'START', name = 'a name'): Command => ({
    id: BigInt(id),
    verb,
    name,
  });
  const commands = (count: number): Command[] => Array.from({ length: count }, (_, i) => command(i));

  /** Runs the program that takes what waits; what it did is what it took. */
  function drain(): Command[] {
    object.programs.drain.run();
    using ring = new RingBuffer(object.maps.obeyed);
    return ring.read();
  }

  describe('a user ring buffer', () => {
    test('carries records to the program, in order, each with its fields', () => {
      using ring = producer();
      ring.send(command(1));
      ring.send({ id: 2n ** 64n - 1n, verb: 'STOP', name: 'eleven char' });
      ring.send({ id: 3, verb: 77, name: '' });
      expect(ring.stats()).toEqual({ sent: 3, refused: 0, waiting: 96 });
      expect(drain()).toEqual([
        command(1),
        { id: 2n ** 64n - 1n, verb: 'STOP', name: 'eleven char' },
        command(3, 77, ''),
      ]);
      expect(ring.stats()).toEqual({ sent: 3, refused: 0, waiting: 0 });
      expect(object.globals.taken).toBe(3n);
    });

    test('says when it is full, sends nothing then, and goes on when the program has made room', async () => {
      using ring = producer();
      for (let id = 0; id < ROOM; id++) ring.send(command(id));
      const error = await thrown(() => ring.send(command(ROOM)));
      expect(error).toMatchObject({ code: 'ENOSPC', map: 'commands' });
      expect(error.hint).toContain('sendAll');
      expect(ring.stats()).toEqual({ sent: ROOM, refused: 1, waiting: 4096 });
      object.globals.most = 10;
      expect(drain().map(({ id }) => id)).toEqual(commands(10).map(({ id }) => id));
      for (let id = 0; id < 10; id++) ring.send(command(1000 + id));
      expect((await thrown(() => ring.send(command(0)))).code).toBe('ENOSPC');
      object.globals.most = 0xffffffff;
      expect(drain()).toHaveLength(ROOM);
      expect(ring.stats()).toEqual({ sent: ROOM + 10, refused: 2, waiting: 0 });
    });

    test('takes as many of several as find room, all at once', () => {
      using ring = producer();
      expect(ring.sendMany(commands(5))).toBe(5);
      expect(ring.sendMany([])).toBe(0);
      expect(ring.sendMany(commands(1000))).toBe(ROOM - 5);
      expect(ring.sendMany(commands(3))).toBe(0);
      expect(ring.stats()).toEqual({ sent: ROOM, refused: 1000 - (ROOM - 5) + 3, waiting: 4096 });
      expect(drain()).toEqual([...commands(5), ...commands(ROOM - 5)]);
    });

    test('sends all, waiting for the program, which wakes it', async () => {
      using ring = producer();
      let done = false;
      const sending = ring.sendAll(commands(1000)).then(() => {
        done = true;
      });
      const seen: Command[] = [];
      let runs = 0;
      while (!done) {
        await nextTurn();
        if (ring.stats().waiting === 4096 || ring.stats().sent === 1000) {
          seen.push(...drain());
          runs++;
        }
      }
      await sending;
      seen.push(...drain());
      expect(seen).toEqual(commands(1000));
      expect(runs).toBeGreaterThanOrEqual(Math.floor(1000 / ROOM));
      expect(ring.stats()).toEqual({ sent: 1000, refused: 0, waiting: 0 });
    });

    test('of no declared type takes bytes of any length, waits for enough room, and says what never fits', async () => {
      using map = RecordMap.create({ type: 'user_ringbuf', maxEntries: 4096 });
      using ring = new UserRingBuffer(map);
      const sizes = [0, 1, 7, 8, 100, 3000];
      expect(ring.sendMany(sizes.map((size) => new Uint8Array(size)))).toBe(sizes.length);
      const waiting = sizes.reduce((sum, size) => sum + 8 + Math.ceil(size / 8) * 8, 0);
      expect(ring.stats()).toEqual({ sent: sizes.length, refused: 0, waiting });
      // There is room, though not for this one: the kernel has no word for that.
      const controller = new AbortController();
      const sending = ring.sendAll([new Uint8Array(3000)], { signal: controller.signal });
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      controller.abort();
      await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
      const error = await thrown(() => ring.send(new Uint8Array(4096)));
      expect(error).toMatchObject({ code: 'E2BIG' });
      expect(error.message).toContain('a record of 4096 bytes is too large for a ring of 4096');
      for (const [, value] of everyKindBut('bytes of a wrong length')) {
        expect((await thrown(() => ring.send(untyped(value)))).code).toBe('ERR_BPF_VALUE_TYPE');
      }
    });

    test('passes a record that is too short to the program, which looks', () => {
      {
        using ring = new UserRingBuffer(untyped<RecordMap<Uint8Array>>(object.maps.commands), {
          type: '__u32',
        });
        ring.send(untyped(5));
      }
      expect(drain()).toEqual([]);
      expect([object.globals.taken, object.globals.too_short]).toEqual([1n, 1n]);
    });

    test('refuses a value that is not of its type, and sends none of its batch', async () => {
      using ring = producer();
      const bad = [command(1), { ...command(2), id: 2n ** 64n }, command(3)];
      expect(await thrown(() => ring.sendMany(bad))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
      for (const [, value] of everyKindBut('an object', 'an object without a prototype')) {
        expect((await thrown(() => ring.send(untyped(value)))).code).toBe('ERR_BPF_VALUE_TYPE');
      }
      expect(ring.stats()).toEqual({ sent: 0, refused: 0, waiting: 0 });
      expect(drain()).toEqual([]);
    });

    test('has one producer at a time in a process, and what a closed one sent stays', async () => {
      const first = producer();
      expect(await thrown(() => producer())).toMatchObject({ code: 'EBUSY', map: 'commands' });
      first.send(command(1));
      first.close();
      first.close();
      expect(first.closed).toBe(true);
      for (const call of [
        () => first.send(command(2)),
        () => first.sendMany([]),
        () => first.sendAll([]),
        () => first.stats(),
        () => first.ref(),
        () => first.unref(),
      ]) {
        expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_CLOSED' });
      }
      using second = producer();
      second.send(command(2));
      expect(drain()).toEqual([command(1), command(2)]);
    });

    test('is no other kind of map', async () => {
      expect(await thrown(() => new UserRingBuffer(object.maps.obeyed))).toMatchObject({
        code: 'ERR_BPF_WRONG_KIND',
      });
      expect(await thrown(() => new UserRingBuffer(untyped<RecordMap>(5)))).toMatchObject({
        code: 'ERR_BPF_ARGUMENT',
      });
    });
  });

  describe('waiting for room', () => {
    test('ends with the reason of a signal, and tells what was sent', async () => {
      using ring = producer();
      const controller = new AbortController();
      const reason = new Error('enough');
      const sending = ring.sendAll(commands(200), { signal: controller.signal });
      await nextTurn();
      controller.abort(reason);
      await expect(sending).rejects.toBe(reason);
      expect(ring.stats()).toEqual({ sent: ROOM, refused: 0, waiting: 4096 });
      await expect(ring.sendAll([command(1)], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    test('ends when the ring is closed', async () => {
      const ring = producer();
      const sending = ring.sendAll(commands(200));
      await nextTurn();
      ring.close();
      await expect(sending).rejects.toMatchObject({ code: 'ERR_BPF_CLOSED', map: 'commands' });
    });

    test('is done by one call at a time', async () => {
      using ring = producer();
      const controller = new AbortController();
      const sending = ring.sendAll(commands(200), { signal: controller.signal });
      await expect(ring.sendAll([command(1)])).rejects.toMatchObject({ code: 'ERR_BPF_STATE' });
      controller.abort();
      await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('refuses what is no signal, and no options', async () => {
      using ring = producer();
      for (const options of [null, 5, { signal: {} }]) {
        await expect(ring.sendAll([], untyped(options))).rejects.toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
      }
    });
  });
}
