import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BpfMap, type BpfObject } from '../../src/index.js';
import { loadEveryMap } from '../support/fixtures.js';
import { childScript } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';
import type { EveryMap, Prefix } from '../types/objects/every_map.js';

let object: BpfObject<EveryMap>;
beforeEach(async () => {
  object = await loadEveryMap();
});
afterEach(() => object.close());

const sorted = <T>(entries: Iterable<[number, T]>): [number, T][] => [...entries].sort(([a], [b]) => a - b);
const pairs = (count: number): [number, bigint][] =>
  Array.from({ length: count }, (_, i) => [i, BigInt(i) * 1_000_003n]);

describe('many elements in one call', () => {
  test.each(['hash', 'lru_hash'] as const)('are set, read, deleted and taken in a %s', (name) => {
    const map = object.maps[name];
    const all = pairs(2000);
    map.setMany(all);
    expect(sorted(map)).toEqual(all);
    expect([...map.keys()]).toHaveLength(2000);
    expect([...map.values()].reduce((sum, value) => sum + value)).toBe(1_000_003n * 1999000n);
    // Those that are not there are no failure, wherever they stand.
    expect(map.deleteMany([9000, 0, 9001, 9002, 1, 2, 9003])).toBe(3);
    expect(map.has(1)).toBe(false);
    expect(sorted(map.takeAll())).toEqual(all.slice(3));
    expect([...map]).toEqual([]);
    expect(map.takeAll()).toEqual([]);
  });

  test.each(['percpu_hash', 'lru_percpu_hash', 'percpu_array'] as const)('are per CPU in a %s', (name) => {
    const map = object.maps[name];
    const cpus = object.maps.percpu_array.get(0)?.length ?? 0;
    const all = [0, 1, 2, 3].map((key): [number, number[]] => [
      key,
      Array.from({ length: cpus }, (_, cpu) => key * 100 + cpu),
    ]);
    map.setMany(new Map(all));
    expect(sorted(map)).toEqual(all);
    if (map instanceof BpfMap) expect(sorted(map.takeAll())).toEqual(all);
  });

  test('are set in an array, by any iterable', () => {
    const { array } = object.maps;
    const note = { mark: 3, text: 'three' };
    array.setMany([[3, note]]);
    array.setMany(new Map([[4, { ...note, mark: 4 }]]).entries());
    expect([...array.values()].map(({ mark }) => mark)).toEqual([0, 0, 0, 3, 4, 0, 0, 0]);
    array.setMany([]);
  });

  test('are set in a trie, which the kernel walks otherwise', () => {
    const { trie } = object.maps;
    const prefixes = Array.from(
      { length: 200 },
      (_, i): Prefix => ({
        prefixlen: 32,
        address: Uint8Array.of(10, 0, 1, i),
      }),
    );
    trie.setMany(prefixes.map((prefix, mark) => [prefix, { mark, text: '' }]));
    expect([...trie.values()].map(({ mark }) => mark).sort((a, b) => a - b)).toEqual([...Array(200).keys()]);
    expect([...trie.batches(64)].map(({ length }) => length)).toEqual([64, 64, 64, 8]);
    expect(trie.deleteMany(prefixes)).toBe(200);
    expect([...trie.keys()]).toEqual([]);
  });

  test('come undecoded as well', () => {
    const { hash } = object.maps;
    hash.setMany(pairs(1000));
    let sum = 0n;
    const keys = new Set<number>();
    for (const batch of hash.batches(100)) {
      const { byteOffset, buffer } = batch.valueBytes;
      for (const value of new BigUint64Array(buffer, byteOffset, batch.length)) sum += value;
      for (let i = 0; i < batch.length; i++) keys.add(batch.key(i));
      expect(batch.value(0)).toBe(BigInt(batch.key(0)) * 1_000_003n);
      expect([...batch]).toHaveLength(batch.length);
      expect(() => batch.key(batch.length)).toThrow('bytes');
    }
    expect(keys.size).toBe(1000);
    expect(sum).toBe(1_000_003n * 499500n);
  });

  test('come in batches of one, though a bucket comes whole', () => {
    const { hash } = object.maps;
    hash.setMany(pairs(3000));
    const lengths = [...hash.batches(1)].map(({ length }) => length);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(3000);
    // 3000 keys in 4096 buckets: some share one, and did not fit.
    expect(Math.max(...lengths)).toBeGreaterThan(1);
  });
});

describe('bad input', () => {
  test('sets nothing', async () => {
    const { hash } = object.maps;
    const good: [number, bigint] = [1, 1n];
    for (const [, value] of everyKindBut('an array')) {
      for (const entries of [
        [good, value],
        [good, [value, 1n]],
        [good, [2, untyped(value)]],
      ]) {
        if (typeof value === 'number' || typeof value === 'bigint') continue;
        const error = await thrown(() => hash.setMany(untyped(entries)));
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_BPF_VALUE_/), map: 'hash' });
        expect(error.message).toContain('element 2 of 2');
      }
    }
    for (const [, value] of everyKindBut('an array', 'a string', 'bytes of a wrong length')) {
      expect((await thrown(() => hash.setMany(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
      expect((await thrown(() => hash.deleteMany(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect((await thrown(() => hash.setMany([good], untyped('ever')))).code).toBe('ERR_BPF_ARGUMENT');
    expect((await thrown(() => hash.deleteMany([1, untyped('2')]))).message).toContain('element 2 of 2');
    for (const [, value] of everyKindBut('a number')) {
      expect((await thrown(() => [...hash.batches(untyped(value))])).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect([...hash]).toEqual([]);
  });

  test('what the kernel refuses tells how far it came', async () => {
    const { hash, array } = object.maps;
    hash.set(2, 2n);
    const three: [number, bigint][] = [
      [1, 10n],
      [2, 20n],
      [3, 30n],
    ];
    expect(await thrown(() => hash.setMany(three, 'noexist'))).toMatchObject({
      code: 'EEXIST',
      done: 1,
      message: expect.stringContaining('element 2 of 3'),
    });
    expect(sorted(hash)).toEqual([
      [1, 10n],
      [2, 2n],
    ]);
    hash.setMany(
      [
        [1, 11n],
        [2, 21n],
      ],
      'exist',
    );
    expect(sorted(hash)).toEqual([
      [1, 11n],
      [2, 21n],
    ]);
    const note = { mark: 1, text: '' };
    expect(
      await thrown(() =>
        array.setMany([
          [6, note],
          [7, note],
          [8, note],
        ]),
      ),
    ).toMatchObject({
      code: 'E2BIG',
      done: 2,
      map: 'array',
      hint: 'the index is too large: max_entries is 8',
    });
    expect(array.get(7)).toEqual(note);
  });

  test('getters that come back to the map while it is being set', () => {
    const { hash, array } = object.maps;
    const tricky = {
      get mark() {
        hash.set(77, 77n);
        array.set(1, { mark: 1, text: 'inner' });
        expect(array.get(1)).toEqual({ mark: 1, text: 'inner' });
        return 5;
      },
      text: 'outer',
    };
    array.set(0, tricky);
    expect(array.get(0)).toEqual({ mark: 5, text: 'outer' });
    expect(array.get(1)).toEqual({ mark: 1, text: 'inner' });
    expect(hash.get(77)).toBe(77n);
  });
});

/** Runs `check` again and again while a worker changes the map, at least until it has changed it 20 times. */
async function whileMutated(id: number, keys: unknown[][], check: () => void): Promise<void> {
  const stop = new SharedArrayBuffer(8);
  const state = new Int32Array(stop);
  const worker = new Worker(childScript('map-mutator'), { workerData: { id, stop, keys } });
  const exit = once(worker, 'exit');
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  try {
    for (let rounds = 0; rounds < 100 || Atomics.load(state, 1) < 20; rounds++) {
      check();
      if (rounds % 10 === 0) await Promise.race([new Promise((resolve) => setImmediate(resolve)), failed]);
    }
  } finally {
    Atomics.store(state, 0, 1);
    await exit;
  }
  expect(Atomics.load(state, 1)).toBeGreaterThanOrEqual(20);
}

describe('a walk while a worker adds and deletes keys', () => {
  test('of a hash gives every key that stays, and none twice', async () => {
    const { hash } = object.maps;
    const staying = pairs(1000);
    hash.setMany(staying);
    const coming = Array.from({ length: 1000 }, (_, i): [number, bigint] => [100_000 + i, 1n]);
    let others = 0;
    await whileMutated(hash.id, coming, () => {
      const entries = [...hash];
      const keys = new Set(entries.map(([key]) => key));
      expect(keys.size).toBe(entries.length);
      expect(sorted(entries).filter(([key]) => key < 1000)).toEqual(staying);
      others += entries.length - 1000;
    });
    // The worker was seen at work.
    expect(others).toBeGreaterThan(0);
  });

  test('of a trie gives every key that stays with its value, and none twice', async () => {
    const { trie } = object.maps;
    const staying = Array.from(
      { length: 100 },
      (_, i): Prefix => ({
        prefixlen: 24,
        address: Uint8Array.of(10, 0, i, 0),
      }),
    );
    trie.setMany(staying.map((prefix, mark) => [prefix, { mark, text: '' }]));
    // Below those that stay: a lookup of one that has just gone meets the value of a shorter prefix.
    const coming = Array.from({ length: 100 }, (_, i) => [
      { prefixlen: 32, address: Uint8Array.of(10, 0, i, 9) },
      { mark: 1000 + i, text: '' },
    ]);
    await whileMutated(trie.id, coming, () => {
      const entries = [...trie];
      const keys = new Set(entries.map(([key]) => `${key.prefixlen} ${key.address}`));
      expect(keys.size).toBe(entries.length);
      const stayed = entries.filter(([{ prefixlen }]) => prefixlen === 24);
      expect(
        stayed.map(([{ address }, { mark }]) => (address[2] === mark ? mark : -1)).sort((a, b) => a - b),
      ).toEqual([...staying.keys()]);
    });
  });
});
