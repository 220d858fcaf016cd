import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RingBuffer } from '../../src/index.js';
import { bpfFiles } from '../support/fds.js';
import { input, loadKinds, loadProducer, openKinds } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';

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
  }, 120_000);

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

  test('of 200 failed loads', async () => {
    await expectNothingLeft(200, async () => {
      const open = openKinds();
      open.maps.records.maxEntries = 0;
      expect(await thrown(() => open.load())).toMatchObject({ map: 'records' });
    });
  });
});
