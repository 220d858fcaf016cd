import { readdirSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BpfArray, BpfMap, type BpfObject, BpfProgram, Link } from '../../src/index.js';
import { native } from '../../src/native.js';
import { PrivateBpffs } from '../support/bpffs.js';
import { bpfFiles } from '../support/fds.js';
import { input, type Key, type Kinds, loadKinds, loadProducer, openKinds } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

type Value = Record<string, unknown>;

const key = (id: number): Key => ({ id, zone: -1, port: 443 });

describe('a hash map', () => {
  let object: BpfObject<Kinds>;
  let byKey: BpfMap<Key, Value>;
  /** A value that can be stored: as the program stores it, with one member of each union. */
  let value: Value;

  beforeEach(async () => {
    object = await loadKinds();
    byKey = object.maps.by_key;
    const { left, right: _, ...nested } = (object.globals.data_kinds as Value).nested as Value;
    value = {
      ...(object.globals.data_kinds as Value),
      nested: { ...nested, left },
      number: { whole: 5n },
    };
  });
  afterEach(() => object.close());

  test('is empty at first', () => {
    expect([...byKey.keys()]).toEqual([]);
    expect([...byKey.values()]).toEqual([]);
    expect([...byKey]).toEqual([]);
    expect(byKey.get(key(1))).toBeUndefined();
    expect(byKey.has(key(1))).toBe(false);
    expect(byKey.delete(key(1))).toBe(false);
  });

  test('tells its name, type and size', () => {
    expect(byKey).toMatchObject({ name: 'by_key', type: 'hash', maxEntries: 16 });
    expect(byKey.id).toBeGreaterThan(0);
  });

  test('gives what was set', () => {
    byKey.set(key(1), { ...value, u8: 42 });
    expect(byKey.get(key(1))).toMatchObject({ name: 'kinds of types', u8: 42 });
    expect(byKey.has(key(1))).toBe(true);
    expect(byKey.has(key(2))).toBe(false);
    expect([...byKey.keys()]).toEqual([key(1)]);
    expect([...byKey.values()]).toMatchObject([{ u8: 42 }]);
    expect([...byKey.entries()]).toMatchObject([[key(1), { u8: 42 }]]);
    expect(byKey.delete(key(1))).toBe(true);
    expect(byKey.has(key(1))).toBe(false);
  });

  test('gives what a program set', () => {
    object.programs.copy_kinds.run(input({ id: 7, zone: -1, port: 443 }));
    expect(byKey.get(key(7))).toEqual(object.globals.data_kinds);
  });

  test('tells every field of a key from another', () => {
    for (const one of [key(1), { ...key(1), zone: -2 }, { ...key(1), port: 444 }]) byKey.set(one, value);
    expect([...byKey.keys()]).toHaveLength(3);
  });

  test('sets only new keys in mode noexist, and only keys that are there in mode exist', async () => {
    expect(await thrown(() => byKey.set(key(1), value, 'exist'))).toMatchObject({
      code: 'ENOENT',
      map: 'by_key',
      syscall: 'bpf(BPF_MAP_UPDATE_ELEM)',
    });
    byKey.set(key(1), { ...value, u8: 1 }, 'noexist');
    expect(await thrown(() => byKey.set(key(1), { ...value, u8: 2 }, 'noexist'))).toMatchObject({
      code: 'EEXIST',
      map: 'by_key',
    });
    expect(byKey.get(key(1))).toMatchObject({ u8: 1 });
    byKey.set(key(1), { ...value, u8: 3 }, 'exist');
    expect(byKey.get(key(1))).toMatchObject({ u8: 3 });
    byKey.set(key(1), { ...value, u8: 4 }, 'any');
    expect(byKey.get(key(1))).toMatchObject({ u8: 4 });
  });

  test('takes as many keys as it has room for', async () => {
    for (let id = 0; id < 16; id++) byKey.set(key(id), value);
    expect(await thrown(() => byKey.set(key(16), value))).toMatchObject({ code: 'E2BIG', map: 'by_key' });
    expect([...byKey.keys()].map(({ id }) => id).sort((a, b) => a - b)).toEqual([...Array(16).keys()]);
  });

  test('is not changed by a value that does not fit', async () => {
    byKey.set(key(1), value);
    const before = byKey.get(key(1));
    await thrown(() => byKey.set(key(1), { ...value, u8: 256 }));
    await thrown(() => byKey.set(key(1), { ...value, unknown: 1 }));
    expect(byKey.get(key(1))).toEqual(before);
  });

  test('can lose the key at which an iteration stands', () => {
    for (let id = 0; id < 16; id++) byKey.set(key(id), value);
    const seen = new Set<number>();
    for (const current of byKey.keys()) {
      seen.add(current.id);
      expect(byKey.delete(current)).toBe(true);
    }
    expect(seen.size).toBe(16);
    expect([...byKey.keys()]).toEqual([]);
  });

  test('can lose all keys while it is iterated', () => {
    for (let id = 0; id < 16; id++) byKey.set(key(id), value);
    const visits: number[] = [];
    for (const [{ id }] of byKey) {
      visits.push(id);
      for (let other = 0; other < 16; other++) byKey.delete(key(other));
    }
    // They come as they were read, all at once.
    expect(visits).toHaveLength(16);
    expect([...byKey]).toEqual([]);
  });

  test('can get keys while it is iterated', () => {
    byKey.set(key(0), value);
    const seen = new Set<number>();
    for (const { id } of byKey.keys()) {
      seen.add(id);
      if (id < 15) byKey.set(key(id + 1), value);
    }
    expect(seen).toContain(0);
    expect([...byKey.keys()].length).toBeGreaterThan(1);
  });

  test('can be left in mid-iteration, and iterated again', () => {
    for (let id = 0; id < 4; id++) byKey.set(key(id), value);
    for (const _ of byKey) break;
    expect([...byKey.keys()]).toHaveLength(4);
  });
});

describe('an array', () => {
  test('has all its keys from the beginning', async () => {
    using object = await loadKinds();
    expect([...object.maps.by_index.keys()]).toEqual([0, 1, 2, 3]);
    expect(object.maps.by_index.get(3)).toEqual({
      tag: 0,
      at: { x: 0, y: 0 },
      pair: { low: 0, high: 0 },
      left: 0,
      right: 0,
    });
    expect(object.maps.by_index.has(4)).toBe(false);
    expect(object.maps.by_index.get(4)).toBeUndefined();
  });

  test('gives what was set, and what a program set', async () => {
    using object = await loadKinds();
    const { by_index: byIndex } = object.maps;
    byIndex.set(1, { tag: 65535, at: { x: -1, y: 1 }, pair: { low: 1, high: 2 }, right: -1 });
    expect(byIndex.get(1)).toEqual({
      tag: 65535,
      at: { x: -1, y: 1 },
      pair: { low: 1, high: 2 },
      left: 4294967295,
      right: -1,
    });
    object.programs.copy_kinds.run(input({ index: 2 }));
    expect(byIndex.get(2)).toMatchObject({ tag: 513, at: { x: -1, y: 2 } });
  });

  test('refuses indexes beyond its end, new keys, and deletions', async () => {
    using object = await loadKinds();
    const { by_index: byIndex } = object.maps;
    const value = { tag: 1, at: { x: 0, y: 0 }, pair: { low: 0, high: 0 }, left: 0 };
    expect(await thrown(() => byIndex.set(4, value))).toMatchObject({ code: 'E2BIG', map: 'by_index' });
    expect(await thrown(() => byIndex.set(0, value, 'noexist'))).toMatchObject({ code: 'EEXIST' });
    expect(await thrown(() => untyped<BpfMap>(byIndex).delete(0))).toMatchObject({
      code: 'ERR_BPF_WRONG_KIND',
      map: 'by_index',
      hint: expect.stringContaining('BpfArray'),
    });
    expect(await thrown(() => byIndex.get(2 ** 32))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
    expect(await thrown(() => byIndex.get(-1))).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
  });

  test('is what a data section is, too', async () => {
    using object = await loadKinds();
    object.programs.copy_kinds.run(input());
    expect([...object.maps['.bss'].keys()]).toEqual([0]);
    expect(object.maps['.bss'].get(0)).toMatchObject({ bss_s8: -2, bss_name: 'initialised' });
    expect(object.maps['.bss'].name).toBe('.bss');
  });

  test('of constants is frozen', async () => {
    using object = await loadKinds();
    const constants = object.maps['.rodata'].get(0) ?? {};
    const error = await thrown(() => object.maps['.rodata'].set(0, { ...constants, ro_kinds: untyped(0) }));
    expect(error.code).toBe('ERR_BPF_VALUE_TYPE');
    const untouched = object.maps['.rodata'].valueCodec.size;
    expect(
      await thrown(() =>
        native()
          .mapElements(object.maps['.rodata'].handle)
          .update(new Uint8Array(8 + untouched), 0),
      ),
    ).toMatchObject({ code: 'EPERM' });
    expect(object.maps['.rodata'].frozen).toBe(true);
    expect(object.maps['.bss'].frozen).toBe(false);
  });

  test('of a type that BTF does not tell has bytes for values', async () => {
    using object = await loadKinds();
    const { handle } = object.maps.by_index;
    const bare = new BpfArray<Uint8Array>({
      handle,
      info: native().mapInfo(handle),
      name: 'by_index',
      types: undefined,
    });
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => i);
    bare.set(3, bytes);
    expect(bare.get(3)).toEqual(bytes);
    expect(object.maps.by_index.get(3)).toMatchObject({ tag: 0x0100 });
    expect([...bare.keys()]).toEqual([0, 1, 2, 3]);
    expect(await thrown(() => bare.set(3, new Uint8Array(19)))).toMatchObject({
      code: 'ERR_BPF_VALUE_RANGE',
      message: expect.stringContaining('20 bytes are wanted, not 19'),
    });
    expect(await thrown(() => bare.set(3, untyped('text')))).toMatchObject({ code: 'ERR_BPF_VALUE_TYPE' });
    for (const [index, code] of [
      [-1, 'ERR_BPF_VALUE_RANGE'],
      [0.5, 'ERR_BPF_VALUE_RANGE'],
      [2 ** 32, 'ERR_BPF_VALUE_RANGE'],
      ['0', 'ERR_BPF_VALUE_TYPE'],
      [Object.create(null), 'ERR_BPF_VALUE_TYPE'],
    ]) {
      expect(await thrown(() => bare.get(untyped(index)))).toMatchObject({ code });
    }
  });
});

describe('a per-CPU array', () => {
  test('has a value for every possible CPU', async () => {
    using object = await loadKinds();
    const { runs } = object.maps;
    const cpus = runs.get(0)?.length ?? 0;
    expect(cpus).toBeGreaterThan(0);
    const counts = Array.from({ length: cpus }, (_, cpu) => BigInt(cpu) + 100n);
    runs.set(0, counts);
    expect(runs.get(0)).toEqual(counts);
    expect([...runs]).toEqual([[0, counts]]);
    object.programs.copy_kinds.run(input());
    const total = (values: bigint[] = []) => values.reduce((sum, count) => sum + count, 0n);
    expect(total(runs.get(0))).toBe(total(counts) + 1n);
  });

  test('refuses too few values, too many, holes and what does not fit', async () => {
    using object = await loadProducer();
    const { small_events_dropped: dropped } = object.maps;
    const cpus = dropped.get(0)?.length ?? 0;
    const zeros = new Array<bigint>(cpus).fill(0n);
    for (const values of [[], zeros.slice(1), [...zeros, 0n], new Array<bigint>(cpus)]) {
      expect(await thrown(() => dropped.set(0, values))).toMatchObject({ code: 'ERR_BPF_VALUE_TYPE' });
    }
    const error = await thrown(() => dropped.set(0, [...zeros.slice(1), -1n]));
    expect(error).toMatchObject({ code: 'ERR_BPF_VALUE_RANGE' });
    expect(error.message).toContain('small_events_dropped value');
    expect(dropped.get(0)).toEqual(zeros);
  });
});

describe('a ring buffer', () => {
  test('has no keys', async () => {
    using object = await loadKinds();
    const records = untyped<BpfMap>(object.maps.records);
    for (const call of [
      () => records.get(0),
      () => records.has(0),
      () => records.set(0, {}),
      () => records.keys(),
      () => [...records.entries()],
      () => records.delete(0),
    ]) {
      expect(await thrown(call)).toMatchObject({
        code: 'ERR_BPF_WRONG_KIND',
        map: 'records',
        hint: expect.stringContaining('new RingBuffer(map)'),
      });
    }
  });
});

test('many at once have no holes', async () => {
  using object = await loadKinds();
  const { by_key: byKey, by_index: byIndex } = object.maps;
  const value = { tag: 1, at: { x: 0, y: 0 }, pair: { low: 0, high: 0 }, left: 0 };
  const entries: [number, typeof value][] = [[0, value]];
  entries[2] = [2, value];
  expect(await thrown(() => byIndex.setMany(entries))).toMatchObject({ code: 'ERR_BPF_VALUE_TYPE' });
  expect(byIndex.get(0)).toMatchObject({ tag: 0 });
  const keys = [key(1)];
  keys[2] = key(3);
  const error = await thrown(() => byKey.deleteMany(keys));
  expect(error).toMatchObject({ code: 'ERR_BPF_VALUE_TYPE', map: 'by_key' });
  expect(error.message).toContain('element 2 of 3');
});

describe('a closed map', () => {
  test('refuses everything but another close', async () => {
    using object = await loadKinds();
    const { by_index: byIndex } = object.maps;
    const iteration = byIndex.keys();
    iteration.next();
    byIndex.close();
    byIndex.close();
    const value = { tag: 1, at: { x: 0, y: 0 }, pair: { low: 0, high: 0 }, left: 0 };
    for (const call of [
      () => byIndex.get(0),
      () => byIndex.has(0),
      () => byIndex.set(0, value),
      () => byIndex.setMany([[0, value]]),
      () => byIndex.frozen,
      () => byIndex.freeze(),
      () => [...byIndex.keys()],
      () => [...byIndex.entries()],
      () => iteration.next(),
    ]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_CLOSED', message: 'the map is closed' });
    }
    // Its program still has it.
    expect(object.programs.copy_kinds.run(input())).toBe(1);
  });
});

const bpffs = new PrivateBpffs();
afterAll(() => bpffs[Symbol.dispose]());

describe.skipIf(bpffs.refused)(
  `pins${bpffs.refused ? ` (skipped, no bpffs can be mounted: ${bpffs.refused})` : ''}`,
  () => {
    let directory: string;
    let count = 0;
    let files: string[];
    beforeEach(() => {
      directory = `${bpffs.path}/${++count}`;
      files = bpfFiles();
    });
    afterEach(() => {
      expect(bpfFiles()).toEqual(files);
    });

    test('a pinned map is opened again, with its types from the kernel', async () => {
      const object = await loadKinds();
      object.programs.copy_kinds.run(input({ id: 9, zone: 1, port: 2 }));
      const expected = object.maps.by_key.get({ id: 9, zone: 1, port: 2 });
      object.maps.by_key.pin(`${directory}/deep/by-key`);
      expect(statSync(`${directory}/deep`).mode & 0o777).toBe(0o700);
      object.close();

      using map = BpfMap.open<Key, Value>(`${directory}/deep/by-key`);
      expect(map).toMatchObject({ name: 'by_key', type: 'hash', maxEntries: 16 });
      expect([...map]).toEqual([[{ id: 9, zone: 1, port: 2 }, expected]]);
      map.set(
        { id: 10, zone: 1, port: 2 },
        { ...expected, nested: nestedOf(expected), number: { whole: 1n } },
      );
      expect([...map.keys()]).toHaveLength(2);
    });

    test('a per-CPU map too', async () => {
      using object = await loadKinds();
      object.maps.runs.pin(`${directory}/runs`);
      object.programs.copy_kinds.run(input());
      using map = BpfArray.open<bigint[]>(`${directory}/runs`);
      expect(map.get(0)).toEqual(object.maps.runs.get(0));
    });

    test('a pinned program is opened again, and runs', async () => {
      const object = await loadKinds();
      object.programs.copy_kinds.pin(`${directory}/copy`);
      const { id, tag } = object.programs.copy_kinds.info();
      object.close();
      using copy = BpfProgram.open(`${directory}/copy`);
      expect(copy).toMatchObject({ name: 'copy_kinds', type: 'syscall', section: undefined });
      expect(copy.info()).toMatchObject({ id, tag });
      expect(copy.run(input())).toBe(1);
      expect(await thrown(() => copy.attach())).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED' });
    });

    test('a pin of another kind is refused', async () => {
      using object = await loadKinds();
      object.maps.by_key.pin(`${directory}/map`);
      object.programs.copy_kinds.pin(`${directory}/program`);
      for (const open of [
        () => BpfMap.open(`${directory}/program`),
        () => Link.open(`${directory}/program`),
      ]) {
        const error = await thrown(open);
        expect(error).toMatchObject({ code: 'ERR_BPF_WRONG_KIND', path: `${directory}/program` });
        expect(error.message).toMatch(/pins a program, not a (map|link)/);
      }
      expect(await thrown(() => BpfProgram.open(`${directory}/map`))).toMatchObject({
        code: 'ERR_BPF_WRONG_KIND',
      });
      expect(await thrown(() => BpfMap.open(directory))).toMatchObject({ path: directory });
    });

    test('a path that is taken, has a dot or lies elsewhere is refused', async () => {
      using object = await loadKinds();
      const { by_key: byKey } = object.maps;
      byKey.pin(`${directory}/taken`);
      expect(await thrown(() => byKey.pin(`${directory}/taken`))).toMatchObject({
        code: 'EEXIST',
        path: `${directory}/taken`,
      });
      // Node's mkdir() says one or the other.
      const below = await thrown(() => byKey.pin(`${directory}/taken/below`));
      expect(below.code).toMatch(/^(EEXIST|ENOTDIR)$/);
      expect(below.path).toBe(`${directory}/taken`);
      for (const name of ['with.dot', 'directory.d/map']) {
        const error = await thrown(() => byKey.pin(`${directory}/${name}`));
        expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', path: `${directory}/${name}` });
        expect(error.message).toContain('no dots');
      }
      expect(await thrown(() => byKey.pin('/tmp/by-key'))).toMatchObject({ code: 'ERR_BPF_NOT_BPFFS' });
      expect(readdirSync(directory)).toEqual(['taken']);
    });

    test('a map that is to be pinned is pinned by load, and found by the next', async () => {
      const load = async (): Promise<BpfObject<Kinds>> => {
        const open = openKinds();
        open.maps.by_key.pinPath = `${directory}-shared`;
        expect(open.maps.by_key.pinPath).toBe(`${directory}-shared`);
        return open.load();
      };
      using one = await load();
      using other = await load();
      one.programs.copy_kinds.run(input({ id: 3 }));
      expect([...other.maps.by_key.keys()]).toEqual([{ id: 3, zone: 0, port: 0 }]);
      expect(other.maps.by_key.id).toBe(one.maps.by_key.id);
      expect(other.maps.by_index.id).not.toBe(one.maps.by_index.id);
    });

    test('a pinned map of other sizes is not taken for it, and named', async () => {
      using object = await loadKinds();
      object.maps.by_index.pin(`${directory}/by-index`);
      const open = openKinds();
      open.maps.by_key.pinPath = `${directory}/by-index`;
      const error = await thrown(() => open.load());
      expect(error).toMatchObject({ code: 'ERR_BPF_MAP_MISMATCH', reason: 'input', map: 'by_key' });
      expect(error.message).toContain(
        `the map pinned to ${directory}/by-index does not fit map "by_key": it has type array, not hash; ` +
          'key size 4, not 8; value size 20, not 176; max entries 4, not 16; change',
      );
      // It is still open: what is wanted can be corrected.
      open.maps.by_key.pinPath = undefined;
      (await open.load()).close();
    });
  },
);

function nestedOf(value: Value | undefined): Value {
  const { left: _, ...nested } = (value?.nested ?? {}) as Value;
  return nested;
}
