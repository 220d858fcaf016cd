import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AnyMap,
  BpfArray,
  BpfBloomFilter,
  BpfMap,
  type BpfObject,
  BpfQueue,
  CgroupArray,
  MapOfMaps,
  ProgArray,
  RecordMap,
} from '../../src/index.js';
import { bpfFiles } from '../support/fds.js';
import { loadEveryMap, loadKinds } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';
import type { EveryMap, Note } from '../types/objects/every_map.js';

const note = (mark: number): Note => ({ mark, text: `note ${mark}` });
const MINUS_ONE = 4294967295;

let object: BpfObject<EveryMap>;
let files: string[];
beforeEach(async () => {
  files = bpfFiles();
  object = await loadEveryMap();
});
afterEach(() => {
  object.close();
  expect(bpfFiles()).toEqual(files);
});

describe('a hash that', () => {
  const forget = { lru_hash: [1, 1n, 5n], hash: [1, 1n, 5n] } as const;
  test.each(['hash', 'lru_hash'] as const)('is a %s gives, takes and deletes what was set', async (name) => {
    const map = object.maps[name];
    const [key, value, other] = forget[name];
    expect(map).toBeInstanceOf(BpfMap);
    expect(map).toMatchObject({
      type: name,
      keySize: 4,
      valueSize: 8,
      maxEntries: 4096,
      access: 'read-write',
    });
    map.set(key, value);
    expect(map.get(key)).toBe(1n);
    expect(map.take(key)).toBe(1n);
    expect(map.take(key)).toBeUndefined();
    map.set(key, other, 'noexist');
    expect(await thrown(() => map.set(key, other, 'noexist'))).toMatchObject({ code: 'EEXIST', map: name });
    expect(map.delete(key)).toBe(true);
    expect(map.delete(key)).toBe(false);
  });

  test.each(['percpu_hash', 'lru_percpu_hash'] as const)('is a %s has a value for every CPU', (name) => {
    const map = object.maps[name];
    const cpus = (object.maps.percpu_array.get(0) ?? []).length;
    const values = Array.from({ length: cpus }, (_, cpu) => cpu + 10);
    map.set(3, values);
    expect(map.get(3)).toEqual(values);
    expect(map.take(3)).toEqual(values);
    expect(map.has(3)).toBe(false);
  });

  test('is full says how large it is', async () => {
    using small = BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 });
    small.set(new Uint8Array(4), new Uint8Array(4));
    const error = await thrown(() => small.set(new Uint8Array(4).fill(1), new Uint8Array(4)));
    expect(error).toMatchObject({
      code: 'E2BIG',
      reason: 'input',
      hint: 'the map is full: max_entries is 1',
    });
  });
});

describe('a trie', () => {
  const prefix = (prefixlen: number, ...address: number[]) => ({ prefixlen, address });

  test('gives the value of the longest prefix, to processes and programs', () => {
    const { trie } = object.maps;
    expect(object.programs.match_prefix.run()).toBe(MINUS_ONE);
    trie.set(prefix(8, 10, 0, 0, 0), note(8));
    expect(object.programs.match_prefix.run()).toBe(8);
    trie.set(prefix(24, 10, 1, 2, 0), note(24));
    expect(object.programs.match_prefix.run()).toBe(24);
    expect(trie.get(prefix(32, 10, 1, 2, 3))).toEqual(note(24));
    expect(trie.get(prefix(32, 10, 1, 3, 3))).toEqual(note(8));
    expect(trie.get(prefix(32, 11, 1, 2, 3))).toBeUndefined();
    expect([...trie.keys()].map(({ prefixlen }) => prefixlen).sort()).toEqual([24, 8]);
    expect(trie.delete(prefix(24, 10, 1, 2, 0))).toBe(true);
    expect(object.programs.match_prefix.run()).toBe(8);
    expect(trie.deleteMany([prefix(8, 10, 0, 0, 0), prefix(9, 10, 0, 0, 0)])).toBe(1);
    expect([...trie]).toEqual([]);
  });

  test('refuses a prefix that is too long, and to be taken from', async () => {
    const { trie } = object.maps;
    expect((await thrown(() => trie.set(prefix(33, 10, 0, 0, 0), note(1)))).code).toBe('EINVAL');
    expect(await thrown(() => trie.takeAll())).toMatchObject({ code: 'ENOTSUPP', reason: 'kernel' });
    expect(await thrown(() => trie.take(prefix(8, 1, 2, 3, 4)))).toMatchObject({ code: 'ENOTSUPP' });
  });
});

describe('a queue or stack', () => {
  test('gives values first in, first out, or last in, first out', () => {
    for (const [name, order] of [
      ['queue', [1, 2, 3, 4]],
      ['stack', [4, 3, 2, 1]],
    ] as const) {
      const map = object.maps[name];
      expect(map).toBeInstanceOf(BpfQueue);
      expect(map.pop()).toBeUndefined();
      expect(map.peek()).toBeUndefined();
      for (const mark of [1, 2, 3, 4]) map.push(note(mark));
      expect(map.peek()).toEqual(note(order[0]));
      expect(map.pop()).toEqual(note(order[0]));
      expect([...map.drain()]).toEqual(order.slice(1).map(note));
      expect(map.peek()).toBeUndefined();
    }
  });

  test('refuses a value when it is full, unless the oldest is to make room', async () => {
    const { queue } = object.maps;
    for (const mark of [1, 2, 3, 4]) queue.push(note(mark));
    expect(await thrown(() => queue.push(note(5)))).toMatchObject({
      code: 'E2BIG',
      map: 'queue',
      hint: 'the map is full: max_entries is 4',
    });
    queue.push(note(5), { replaceOldest: true });
    expect([...queue.drain()].map(({ mark }) => mark)).toEqual([2, 3, 4, 5]);
  });

  test('is shared with programs', () => {
    object.maps.queue.push({ mark: 41, text: 'from here' });
    expect(object.programs.pop_push.run()).toBe(42);
    expect(object.maps.queue.peek()).toBeUndefined();
    expect(object.maps.stack.pop()).toEqual({ mark: 42, text: 'from here' });
  });

  test('refuses what is no value, and takes nothing then', async () => {
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => object.maps.queue.push(untyped(value)))).code).toMatch(/^ERR_BPF_VALUE_/);
    }
    expect((await thrown(() => object.maps.queue.push(note(1), untyped(null)))).code).toBe(
      'ERR_BPF_ARGUMENT',
    );
    expect(object.maps.queue.peek()).toBeUndefined();
  });
});

describe('a bloom filter', () => {
  test('may have what was added, and certainly not most of the rest', async () => {
    const { bloom } = object.maps;
    expect(bloom).toBeInstanceOf(BpfBloomFilter);
    expect(bloom.mightHave({ mark: 7, text: 'seven' })).toBe(false);
    expect(object.programs.in_bloom.run()).toBe(0);
    bloom.add({ mark: 7, text: 'seven' });
    expect(bloom.mightHave({ mark: 7, text: 'seven' })).toBe(true);
    expect(object.programs.in_bloom.run()).toBe(1);
    const others = Array.from({ length: 200 }, (_, i) => bloom.mightHave(note(i + 1000)));
    expect(others).toContain(false);
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => bloom.add(untyped(value)))).code).toMatch(/^ERR_BPF_VALUE_/);
      expect((await thrown(() => bloom.mightHave(untyped(value)))).code).toMatch(/^ERR_BPF_VALUE_/);
    }
  });
});

describe('a program array', () => {
  test('calls what is in a slot, and falls through an empty one', () => {
    const { calls } = object.maps;
    const { call_slot: caller, called } = object.programs;
    expect(calls).toBeInstanceOf(ProgArray);
    expect(caller.run()).toBe(1);
    calls.set(0, called);
    expect(caller.run()).toBe(2);
    expect(calls.idOf(0)).toBe(called.info().id);
    expect(calls.idOf(1)).toBeUndefined();
    calls.set(3, caller);
    expect(calls.ids()).toEqual(
      new Map([
        [0, called.info().id],
        [3, caller.info().id],
      ]),
    );
    expect(calls.delete(0)).toBe(true);
    expect(calls.delete(0)).toBe(false);
    expect(caller.run()).toBe(1);
  });

  test('refuses programs that do not fit, and what is none', async () => {
    using kinds = await loadKinds();
    const { calls } = object.maps;
    calls.set(0, object.programs.called);
    expect(await thrown(() => calls.set(1, kinds.programs.copy_kinds))).toMatchObject({
      code: 'EINVAL',
      program: 'copy_kinds',
      map: 'calls',
      hint: expect.stringContaining('the same type'),
    });
    expect(await thrown(() => calls.set(4, object.programs.called))).toMatchObject({ code: 'E2BIG' });
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => calls.set(0, untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    for (const [, value] of everyKindBut('a number')) {
      for (const call of [
        () => calls.set(untyped(value), object.programs.called),
        () => calls.delete(untyped(value)),
        () => calls.idOf(untyped(value)),
      ]) {
        expect((await thrown(call)).code).toMatch(/^ERR_BPF_VALUE_/);
      }
    }
  });
});

describe('a map of maps', () => {
  test('is looked through by programs, and its maps live in it', () => {
    const { array_of_maps: outer } = object.maps;
    expect(outer).toBeInstanceOf(MapOfMaps);
    expect(object.programs.count_inner.run()).toBe(MINUS_ONE);
    {
      using inner = outer.create();
      expect(inner).toMatchObject({ type: 'array', maxEntries: 2, valueSize: 8 });
      inner.set(1, 40n);
      outer.set(2, inner);
    }
    expect(object.programs.count_inner.run()).toBe(41);
    using again = outer.open(2);
    expect(again).toBeInstanceOf(BpfArray);
    expect(again?.get(1)).toBe(41n);
    expect(outer.idOf(2)).toBe(again?.id);
    expect(outer.idOf(0)).toBeUndefined();
    expect(outer.open(0)).toBeUndefined();
    expect([...outer.ids()]).toEqual([[2, again?.id]]);
    expect(outer.delete(2)).toBe(true);
    expect(outer.delete(2)).toBe(false);
    expect(object.programs.count_inner.run()).toBe(MINUS_ONE);
    expect(again?.get(1)).toBe(41n);
  });

  test('swaps a map for another', () => {
    const { array_of_maps: outer } = object.maps;
    for (const base of [100n, 200n]) {
      using inner = outer.create();
      inner.set(1, base);
      outer.set(2, inner);
      expect(object.programs.count_inner.run()).toBe(Number(base) + 1);
    }
  });

  test('has keys and types of its own when it is a hash', async () => {
    const { hash_of_maps: outer } = object.maps;
    const key = { prefixlen: 1, address: [1, 2, 3, 4] };
    using inner = outer.create({ maxEntries: 99, name: 'other_size' });
    expect(inner).toMatchObject({ name: 'other_size', maxEntries: 99 });
    inner.set({ prefixlen: 5, address: [0, 0, 0, 0] }, note(5));
    outer.set(key, inner, 'noexist');
    expect(await thrown(() => outer.set(key, inner, 'noexist'))).toMatchObject({ code: 'EEXIST' });
    expect([...outer.ids()]).toEqual([[{ prefixlen: 1, address: Uint8Array.of(1, 2, 3, 4) }, inner.id]]);
    using again = outer.open(key);
    expect(again?.get({ prefixlen: 5, address: [0, 0, 0, 0] })).toEqual(note(5));
  });

  test('refuses maps that do not fit, with every difference, and what is no map', async () => {
    const { array_of_maps: outer, hash_of_maps: byPrefix } = object.maps;
    const untypedOuter = untyped<MapOfMaps<number>>(outer);
    const error = await thrown(() => untypedOuter.set(0, object.maps.hash));
    expect(error).toMatchObject({ code: 'ERR_BPF_MAP_MISMATCH', map: 'array_of_maps', reason: 'input' });
    expect(error.message).toBe(
      'map "hash" does not fit into map "array_of_maps": it has type hash, not array; max entries 4096, not 2',
    );
    using large = outer.create({ maxEntries: 3 });
    expect((await thrown(() => outer.set(0, large))).message).toContain('it has max entries 3, not 2');
    expect(
      (await thrown(() => untyped<MapOfMaps>(byPrefix).set({ prefixlen: 1, address: [0, 0, 0, 0] }, large)))
        .code,
    ).toBe('ERR_BPF_MAP_MISMATCH');
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => outer.set(0, untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect((await thrown(() => outer.set(4, large))).code).toMatch(/E2BIG|ERR_BPF_MAP_MISMATCH/);
    expect([...outer.ids()]).toEqual([]);
  });

  test('opened without its object does not tell what its maps are like', async () => {
    using outer = MapOfMaps.openById<number>(object.maps.array_of_maps.id);
    expect(await thrown(() => outer.create())).toMatchObject({ code: 'ERR_BPF_STATE', map: 'array_of_maps' });
    using fitting = BpfArray.create({ valueSize: 8, maxEntries: 2 });
    outer.set(1, fitting);
    expect(object.maps.array_of_maps.idOf(1)).toBe(fitting.id);
    expect(await thrown(() => outer.set(1, object.maps.hash))).toMatchObject({
      code: 'EINVAL',
      hint: expect.stringContaining('the one it was made with'),
    });
  });
});

describe('the wrong kind of map', () => {
  const ANY: readonly (keyof EveryMap['maps'])[] = [
    'hash',
    'array',
    'queue',
    'bloom',
    'calls',
    'cgroups',
    'array_of_maps',
    'perf_events',
    'user_records',
    'tasks',
    'sockets',
  ];
  const METHODS = [
    'get',
    'has',
    'set',
    'setMany',
    'batches',
    'keys',
    'values',
    'entries',
    'delete',
    'deleteMany',
    'take',
    'takeAll',
    'memory',
    'push',
    'pop',
    'peek',
    'drain',
    'add',
    'mightHave',
    'idOf',
    'ids',
    'open',
    'create',
  ] as const;

  test.each(ANY)('%s has its own methods, and says what to use instead of others', async (name) => {
    const map = object.maps[name];
    const own = METHODS.filter((method) => isOwn(map, method));
    expect(own.length).toBe(
      {
        hash: 12,
        array: 9,
        queue: 4,
        bloom: 2,
        calls: 4,
        cgroups: 2,
        array_of_maps: 6,
        tasks: 4,
        sockets: 4,
      }[name as string] ?? 0,
    );
    for (const method of METHODS.filter((other) => !own.includes(other))) {
      const error = await thrown(() => untyped<Record<string, () => void>>(map)[method]?.());
      expect(error).toMatchObject({ code: 'ERR_BPF_WRONG_KIND', map: name, reason: 'input' });
      expect(error.message).toContain(`has no ${method}()`);
      expect(error.hint?.length).toBeGreaterThan(20);
    }
  });

  /** Whether the method is one of the class, and not put there to refuse. */
  function isOwn(map: AnyMap, method: string): boolean {
    for (
      let at: object = Object.getPrototypeOf(map);
      at !== AnyMap.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      const found = Object.getOwnPropertyDescriptor(at, method);
      if (found) return !String(found.value).includes('ERR_BPF_WRONG_KIND');
    }
    return false;
  }

  test('is not opened as another', async () => {
    const opened: [keyof EveryMap['maps'], (id: number) => AnyMap][] = [
      ['queue', (id) => BpfMap.openById(id)],
      ['array', (id) => BpfMap.openById(id)],
      ['hash', (id) => BpfArray.openById(id)],
      ['hash', (id) => BpfQueue.openById(id)],
      ['calls', (id) => CgroupArray.openById(id)],
      ['cgroups', (id) => ProgArray.openById(id)],
      ['tasks', (id) => RecordMap.openById(id)],
      ['perf_events', (id) => MapOfMaps.openById(id)],
      ['array', (id) => BpfBloomFilter.openById(id)],
    ];
    for (const [name, open] of opened) {
      const error = await thrown(() => open(object.maps[name].id));
      expect(error).toMatchObject({ code: 'ERR_BPF_WRONG_KIND', map: name.slice(0, 15) });
      expect(error.message).toMatch(/is no \w+ but a \w+; /);
    }
  });
});
