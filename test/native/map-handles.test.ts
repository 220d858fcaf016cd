import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BpfArray,
  BpfBloomFilter,
  BpfMap,
  BpfObject,
  BpfQueue,
  CgroupArray,
  MapOfMaps,
  ProgArray,
  RecordMap,
} from '../../src/index.js';
import { PrivateBpffs } from '../support/bpffs.js';
import { bpfFiles } from '../support/fds.js';
import { loadEveryMap } from '../support/fixtures.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';
import type { EveryMap, Note } from '../types/objects/every_map.js';

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

describe('a map opened by its id', () => {
  test('is the same map, with the types that the kernel keeps', async () => {
    object.maps.array.set(3, { mark: 3, text: 'three' });
    using array = BpfArray.openById<Note>(object.maps.array.id);
    expect(array).toMatchObject({
      name: 'array',
      type: 'array',
      id: object.maps.array.id,
      length: 8,
      flags: [],
    });
    expect(array.get(3)).toEqual({ mark: 3, text: 'three' });
    using hash = BpfMap.openById<number, number>(object.maps.hash.id, { u64: 'number' });
    object.maps.hash.set(1, 12n);
    expect(hash.get(1)).toBe(12);
    using bloom = BpfBloomFilter.openById<Note>(object.maps.bloom.id);
    bloom.add({ mark: 7, text: 'seven' });
    expect(object.programs.in_bloom.run()).toBe(1);
    using queue = BpfQueue.openById(object.maps.queue.id);
    object.maps.queue.push({ mark: 1, text: 'a' });
    expect(queue.pop()).toEqual(Uint8Array.of(1, 0, 0, 0, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  });

  test('can be read but not changed, or changed but not read', async () => {
    object.maps.hash.set(1, 1n);
    using readable = BpfMap.openById<number, bigint>(object.maps.hash.id, { access: 'read' });
    expect(readable.access).toBe('read');
    expect([...readable]).toEqual([[1, 1n]]);
    for (const call of [
      () => readable.set(1, 2n),
      () => readable.delete(1),
      () => readable.setMany([[1, 2n]]),
      () => readable.deleteMany([1]),
      () => readable.take(1),
      () => readable.takeAll(),
      // Linux 6.1 lets whoever may read a map freeze it (kernel/bpf/syscall.c map_freeze).
      ...(kernelIsAtLeast(6, 12) ? [() => readable.freeze()] : []),
    ]) {
      expect(await thrown(call)).toMatchObject({
        code: 'EPERM',
        reason: 'input',
        map: 'hash',
        hint: 'this handle was opened for reading only',
      });
    }
    using writable = BpfMap.openById<number, bigint>(object.maps.hash.id, { access: 'write' });
    expect(writable.access).toBe('write');
    writable.set(2, 2n);
    for (const call of [() => writable.get(2), () => writable.has(2), () => [...writable]]) {
      expect(await thrown(call)).toMatchObject({
        code: 'EPERM',
        hint: 'this handle was opened for writing only',
      });
    }
    expect(object.maps.hash.get(2)).toBe(2n);
  });

  test('is refused when there is none, and the options when they are wrong', async () => {
    expect(await thrown(() => BpfMap.openById(2 ** 31))).toMatchObject({ code: 'ENOENT' });
    for (const [, value] of everyKindBut('a number')) {
      expect((await thrown(() => BpfMap.openById(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    for (const [, value] of everyKindBut()) {
      for (const options of [{ access: value }, { u64: value }]) {
        const error = await thrown(() => BpfMap.openById(object.maps.hash.id, untyped(options)));
        expect(error.code).toBe('ERR_BPF_ARGUMENT');
      }
    }
    expect((await thrown(() => BpfMap.openById(object.maps.hash.id, untyped(null)))).code).toBe(
      'ERR_BPF_ARGUMENT',
    );
  });
});

describe('a frozen map', () => {
  test('is changed by programs, and by nobody else', async () => {
    const { tasks, trie } = object.maps;
    trie.set({ prefixlen: 8, address: [10, 0, 0, 0] }, { mark: 1, text: '' });
    trie.freeze();
    expect(trie.frozen).toBe(true);
    expect(tasks.frozen).toBe(false);
    for (const call of [
      () => trie.set({ prefixlen: 9, address: [10, 0, 0, 0] }, { mark: 1, text: '' }),
      () => trie.delete({ prefixlen: 8, address: [10, 0, 0, 0] }),
    ]) {
      expect(await thrown(call)).toMatchObject({
        code: 'EPERM',
        reason: 'input',
        hint: expect.stringContaining('frozen'),
      });
    }
    expect(object.programs.match_prefix.run()).toBe(1);
  });
});

describe('a map made here', () => {
  const one = new Uint8Array(4).fill(1);
  const value = new Uint8Array(8).fill(2);

  test('can be of every kind', () => {
    using hash = BpfMap.create({
      type: 'lru_hash',
      name: 'made_here',
      keySize: 4,
      valueSize: 8,
      maxEntries: 64,
    });
    hash.set(one, value);
    expect(hash).toMatchObject({
      name: 'made_here',
      type: 'lru_hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 64,
    });
    expect([...hash]).toEqual([[one, value]]);
    using array = BpfArray.create({ type: 'percpu_array', valueSize: 4, maxEntries: 1 });
    expect(array.get(0)?.[0]).toEqual(new Uint8Array(4));
    using stack = BpfQueue.create({ type: 'stack', valueSize: 8, maxEntries: 2 });
    stack.push(value);
    expect(stack.pop()).toEqual(value);
    using bloom = BpfBloomFilter.create({ valueSize: 8, maxEntries: 10, hashFunctions: 3 });
    bloom.add(value);
    expect(bloom.mightHave(value)).toBe(true);
    using calls = ProgArray.create({ maxEntries: 2 });
    calls.set(1, object.programs.called);
    expect(calls.idOf(1)).toBe(object.programs.called.info().id);
    using cgroups = CgroupArray.create({ maxEntries: 2 });
    expect(cgroups.length).toBe(2);
    using ring = RecordMap.create({ type: 'ringbuf', maxEntries: 65536 });
    expect(ring).toMatchObject({ type: 'ringbuf', maxEntries: 65536 });
    using outer = MapOfMaps.create({ type: 'hash_of_maps', maxEntries: 2, inner: hash });
    outer.set(one, hash);
    expect([...outer.ids()]).toEqual([[one, hash.id]]);
    using again = outer.open(one);
    expect(again?.get(one)).toEqual(value);
  });

  test('has the flags it was made with', async () => {
    using map = BpfArray.create({ valueSize: 8, maxEntries: 1, flags: ['mmapable', 'rdonly_prog'] });
    expect(map.flags).toEqual(['rdonly_prog', 'mmapable']);
    using near = BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1, numaNode: 0 });
    expect(near.flags).toEqual([]);
    for (const [, flags] of everyKindBut()) {
      const error = await thrown(() =>
        BpfArray.create({ valueSize: 8, maxEntries: 1, flags: untyped(flags) }),
      );
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: expect.stringContaining('mmapable') });
    }
  });

  test('is refused with what is wrong', async () => {
    const good = { type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 } as const;
    for (const field of ['keySize', 'valueSize', 'maxEntries', 'numaNode']) {
      for (const [, wrong] of everyKindBut('a number')) {
        const error = await thrown(() => BpfMap.create(untyped({ ...good, [field]: wrong })));
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: expect.stringContaining(field) });
      }
    }
    for (const [, wrong] of everyKindBut()) {
      expect((await thrown(() => BpfMap.create(untyped({ ...good, type: wrong })))).code).toBe(
        'ERR_BPF_ARGUMENT',
      );
      expect((await thrown(() => BpfMap.create(untyped(wrong)))).code).toBe('ERR_BPF_ARGUMENT');
      expect(
        (
          await thrown(() =>
            MapOfMaps.create({ type: 'hash_of_maps', maxEntries: 1, inner: untyped<BpfMap>(wrong) }),
          )
        ).code,
      ).toBe('ERR_BPF_ARGUMENT');
    }
    expect(await thrown(() => BpfMap.create({ ...good, keySize: 0 }))).toMatchObject({
      code: 'EINVAL',
      syscall: 'bpf(BPF_MAP_CREATE)',
    });
    expect((await thrown(() => BpfMap.create({ ...good, name: 'a name' }))).code).toBe('EINVAL');
    expect(await thrown(() => BpfMap.create(untyped({ ...good, type: 'array' })))).toMatchObject({
      code: 'ERR_BPF_WRONG_KIND',
    });
  });
});

const bpffs = new PrivateBpffs();
afterAll(() => bpffs[Symbol.dispose]());
let count = 0;

describe('before load', () => {
  const open = () => BpfObject.open<EveryMap>(fixture('every_map'));

  test('a map can be made otherwise than declared', async () => {
    const changed = open();
    const { hash, lru_hash: lru, array, shared } = changed.maps;
    expect(hash).toMatchObject({
      type: 'hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 4096,
      flags: [],
      autocreate: true,
    });
    expect(shared.flags).toEqual(['mmapable']);
    hash.type = 'lru_hash';
    hash.maxEntries = 10;
    hash.keySize = 6;
    hash.valueSize = 3;
    lru.flags = ['no_common_lru'];
    array.numaNode = 0;
    array.maxEntries = 2;
    array.flags = ['mmapable'];
    expect(hash).toMatchObject({ type: 'lru_hash', keySize: 6, valueSize: 3, maxEntries: 10 });
    expect(array.numaNode).toBe(0);
    using loaded = await changed.load();
    expect(loaded.maps.hash).toMatchObject({ type: 'lru_hash', keySize: 6, valueSize: 3, maxEntries: 10 });
    expect(loaded.maps.lru_hash.flags).toEqual(['no_common_lru']);
    expect(loaded.maps.array).toMatchObject({ length: 2, flags: ['mmapable'] });
    // Its types no longer fit.
    const bytes = untyped<BpfMap<Uint8Array, Uint8Array>>(loaded.maps.hash);
    bytes.set(new Uint8Array(6), Uint8Array.of(1, 2, 3));
    expect([...bytes]).toEqual([[new Uint8Array(6), Uint8Array.of(1, 2, 3)]]);
  });

  test('a map can be left out', async () => {
    const without = open();
    without.maps.perf_events.autocreate = false;
    without.maps.trie.autocreate = false;
    without.programs.match_prefix.autoload = false;
    using loaded = await without.load();
    expect((await thrown(() => loaded.maps.trie)).code).toBe('ERR_BPF_UNKNOWN_NAME');
    expect(Object.keys(loaded.maps)).not.toContain('perf_events');
    expect(loaded.maps.hash.get(1)).toBeUndefined();
  });

  test('the maps of a map of maps can be others than declared', async () => {
    for (const like of ['definition', 'map'] as const) {
      const changed = open();
      const { hash_of_maps: outer } = changed.maps;
      expect(outer.inner).toEqual({ type: 'hash', keySize: 8, valueSize: 16, maxEntries: 16, flags: [] });
      using model = BpfMap.create({ type: 'lru_hash', keySize: 2, valueSize: 3, maxEntries: 5 });
      outer.inner = { type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 };
      outer.inner = like === 'map' ? model : { type: 'lru_hash', keySize: 2, valueSize: 3, maxEntries: 5 };
      expect(outer.inner).toEqual({ type: 'lru_hash', keySize: 2, valueSize: 3, maxEntries: 5, flags: [] });
      using loaded = await changed.load();
      const key = { prefixlen: 1, address: [0, 0, 0, 0] };
      const holder = untyped<MapOfMaps<typeof key, BpfMap>>(loaded.maps.hash_of_maps);
      holder.set(key, model);
      expect(holder.idOf(key)).toBe(model.id);
      using hash = BpfMap.create({ type: 'hash', keySize: 2, valueSize: 3, maxEntries: 5 });
      expect((await thrown(() => holder.set(key, hash))).code).toMatch(/EINVAL|ERR_BPF_MAP_MISMATCH/);
    }
  });

  test('a map that is there can be taken, under any name', async () => {
    object.maps.hash.set(1, 11n);
    object.maps.shared.set(999, 99n);
    const other = open();
    other.maps.lru_percpu_hash.reuse(object.maps.lru_percpu_hash);
    other.maps.hash.reuse(object.maps.hash);
    using made = BpfArray.create({
      name: 'another_name',
      valueSize: 8,
      maxEntries: 1000,
      flags: ['mmapable'],
    });
    other.maps.shared.reuse(made);
    made.close();
    using loaded = await other.load();
    expect(loaded.maps.hash.id).toBe(object.maps.hash.id);
    expect(loaded.maps.hash.get(1)).toBe(11n);
    expect(loaded.maps.shared.name).toBe('shared');
    expect(loaded.maps.shared.id).not.toBe(object.maps.shared.id);
    expect(loaded.programs.count_shared.run()).toBe(1);
    expect(loaded.maps.shared.get(999)).toBe(1n);
    expect(object.maps.shared.get(999)).toBe(99n);
  });

  test('a map that does not fit is refused with every difference', async () => {
    using other = open();
    const error = await thrown(() => other.maps.hash.reuse(object.maps.shared_small));
    expect(error).toMatchObject({ code: 'ERR_BPF_MAP_MISMATCH', map: 'hash', reason: 'input' });
    expect(error.message).toBe(
      'map "shared_small" does not fit map "hash": it has type array, not hash; value size 4, not 8; ' +
        'max entries 3, not 4096; flags mmapable, not none; change what is declared before load, or remove the old map',
    );
    for (const [, value] of everyKindBut('a string')) {
      expect((await thrown(() => other.maps.hash.reuse(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect(await thrown(() => other.maps.hash.reuse('/nonexistent/map'))).toMatchObject({ code: 'ENOENT' });
  });

  const noPins = bpffs.refused ? ` (skipped, no bpffs can be mounted: ${bpffs.refused})` : '';
  test.skipIf(bpffs.refused)(`a pinned map can be taken by its path${noPins}`, async () => {
    const path = `${bpffs.path}/${++count}/pinned`;
    object.maps.hash.pin(path);
    object.maps.hash.set(1, 11n);
    const other = open();
    other.maps.hash.reuse(path);
    const misfit = await thrown(() => other.maps.array.reuse(path));
    expect(misfit).toMatchObject({ code: 'ERR_BPF_MAP_MISMATCH', map: 'array', path });
    using loaded = await other.load();
    expect(loaded.maps.hash.get(1)).toBe(11n);
    using readable = BpfMap.open<number, bigint>(path, { access: 'read' });
    expect(readable.get(1)).toBe(11n);
    expect((await thrown(() => readable.set(1, 2n))).code).toBe('EPERM');
  });

  test('what makes no sense is refused', async () => {
    using other = open();
    const { hash, array, '.bss': bss } = other.maps;
    for (const [, value] of everyKindBut('a number')) {
      for (const field of ['keySize', 'valueSize', 'numaNode'] as const) {
        const error = await thrown(() => {
          hash[field] = untyped(value);
        });
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', message: expect.stringContaining(field) });
      }
    }
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => (hash.flags = untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
      expect((await thrown(() => (untyped<{ inner: unknown }>(hash).inner = value))).code).toBe(
        'ERR_BPF_WRONG_KIND',
      );
      if (typeof value !== 'boolean') {
        expect((await thrown(() => (hash.autocreate = untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
      }
      expect((await thrown(() => (hash.type = untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect(await thrown(() => (array.type = 'hash'))).toMatchObject({
      code: 'ERR_BPF_WRONG_KIND',
      map: 'array',
    });
    expect(await thrown(() => (bss.valueSize = 4))).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: '.bss' });
    other.close();
    expect((await thrown(() => (hash.maxEntries = 5))).code).toBe('ERR_BPF_STATE');
    expect((await thrown(() => hash.reuse(object.maps.hash))).code).toBe('ERR_BPF_STATE');
  });
});
