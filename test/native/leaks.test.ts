import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BpfArray, BpfMap, BpfObject, type MapOfMaps, RingBuffer } from '../../src/index.js';
import { bpfFiles } from '../support/fds.js';
import { input, loadEveryMap, loadKinds, loadProducer, openKinds } from '../support/fixtures.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';
import type { EveryMap } from '../types/objects/every_map.js';

/** The mappings of this process that belong to BPF maps. */
function bpfMappings(): string[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return lines.filter((line) => /anon_inode:\[?bpf|bpf-map/.test(line));
}

async function expectNothingLeft(rounds: number, round: () => unknown): Promise<void> {
  const before = { files: bpfFiles(), mappings: bpfMappings() };
  for (let i = 0; i < rounds; i++) await round();
  await nextTurn();
  expect({ files: bpfFiles(), mappings: bpfMappings() }).toEqual(before);
}

describe('nothing is left', () => {
  test('of mappings that are there meanwhile', async () => {
    const before = bpfMappings().length;
    const object = await loadKinds();
    object.globals.data_s8 = 1;
    expect(bpfMappings().length).toBe(before + 1);
    object.close();
    expect(bpfMappings().length).toBe(before);
  });

  test('of 1,000 objects that were opened, loaded, used and closed', async () => {
    await expectNothingLeft(1000, async () => {
      using object = await loadKinds();
      object.globals.data_s8 = 1;
      object.programs.copy_kinds.run(input());
      expect(object.globals.bss_s8).toBe(1);
      expect(object.globals.ro_s8).toBe(-1);
    });
  });

  test('of 1,000 objects that were opened and closed', async () => {
    await expectNothingLeft(1000, () => openKinds().close());
  });

  test('of 200 readers', async () => {
    using object = await loadProducer();
    await expectNothingLeft(200, async () => {
      using ring = new RingBuffer(object.maps.small_events);
      const next = ring.events().next();
      object.programs.produce_small.run();
      await next;
    });
  });

  test('of maps of every kind that were made, opened, swapped, refused and read', async () => {
    using object = await loadEveryMap();
    const { array_of_maps: outer, tasks, hash, calls } = object.maps;
    await expectNothingLeft(200, async () => {
      using inner = outer.create();
      outer.set(1, inner);
      using again = outer.open(1);
      again?.set(0, 1n);
      using made = BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 });
      expect((await thrown(() => untyped<MapOfMaps>(outer).set(1, made))).code).toBe('ERR_BPF_MAP_MISMATCH');
      expect((await thrown(() => BpfArray.openById(hash.id))).code).toBe('ERR_BPF_WRONG_KIND');
      tasks.set(process.pid, { mark: 1, text: '' });
      expect(tasks.get(process.pid)?.mark).toBe(1);
      expect((await thrown(() => tasks.get(2 ** 31 - 1))).code).toMatch(/ESRCH/);
      hash.setMany([[1, 1n]]);
      expect([...hash]).toHaveLength(1);
      for (const _ of hash) break;
      calls.set(0, object.programs.called);
      calls.delete(0);
      outer.delete(1);
    });
  });

  test('of objects that were told to use other maps', async () => {
    using object = await loadEveryMap();
    await expectNothingLeft(20, async () => {
      const open = BpfObject.open<EveryMap>(fixture('every_map'));
      open.maps.hash.reuse(object.maps.hash);
      open.maps.hash_of_maps.inner = { type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 };
      open.maps.hash_of_maps.inner = { type: 'hash', keySize: 8, valueSize: 4, maxEntries: 1 };
      expect((await thrown(() => open.maps.trie.reuse(object.maps.hash))).code).toBe('ERR_BPF_MAP_MISMATCH');
      (await open.load()).close();
    });
  });

  test('of 200 failed loads', async () => {
    await expectNothingLeft(200, async () => {
      const open = openKinds();
      open.maps.records.maxEntries = 0;
      expect(await thrown(() => open.load())).toMatchObject({ map: 'records' });
    });
  });
});
