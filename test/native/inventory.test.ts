import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BpfObject,
  enableRunStatistics,
  type Inventory,
  inventory,
  type MapEntry,
} from '../../src/index.js';
import { native } from '../../src/native.js';
import { PrivateBpffs } from '../support/bpffs.js';
import { bpfFiles } from '../support/fds.js';
import { input, type Kinds, loadKinds } from '../support/fixtures.js';
import { asOrdinaryUser, noWayForOrdinaryUser } from '../support/ordinary-user.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const noWay = noWayForOrdinaryUser();

function why(): string | undefined {
  try {
    native().inventoryIds('map');
    return undefined;
  } catch (error) {
    return String(error);
  }
}
const refused = why();

function ls(args: readonly string[], prefix: readonly string[] = []) {
  const [program = '', ...rest] = [...prefix, process.execPath, command, 'ls', ...args];
  return spawnSync(program, rest, { encoding: 'utf8' });
}

describe.skipIf(refused)(`the inventory of this machine${refused ? ` (skipped: ${refused})` : ''}`, () => {
  let object: BpfObject<Kinds>;
  let bpffs: PrivateBpffs;
  let found: Inventory;
  let pin: string[];

  beforeAll(async () => {
    object = await loadKinds();
    bpffs = new PrivateBpffs();
    pin = bpffs.refused === undefined ? [`${bpffs.path}/by \\ key`] : [];
    for (const path of pin) object.maps.by_key.pin(path);
    found = await inventory();
  });
  afterAll(() => {
    object.close();
    for (const path of pin) spawnSync('rm', [path]);
    bpffs[Symbol.dispose]();
  });

  const here = (maps: readonly MapEntry[], name: string) =>
    maps.find((map) => map.name === name && map.holders.some(({ pid }) => pid === process.pid));

  test('has a program with its maps, types and holder', () => {
    const { id, tag } = object.programs.copy_kinds.info();
    const program = found.programs.find((one) => one.id === id);
    expect(program).toMatchObject({ name: 'copy_kinds', tag, type: 'syscall', linkIds: [], pins: [] });
    expect(program?.hook).toBeUndefined();
    expect(program?.holders).toEqual([
      { pid: process.pid, comm: expect.any(String), fds: expect.arrayContaining([expect.any(Number)]) },
    ]);
    expect(program?.mapIds).toContain(here(found.maps, 'by_key')?.id);
    const btf = found.btf.find((one) => one.id === program?.btfId);
    expect(btf).toMatchObject({ kernel: false, programIds: expect.arrayContaining([id]) });
    expect(btf?.name).toBeUndefined();
    expect(found.btf[0]).toMatchObject({ id: 1, name: 'vmlinux', kernel: true });
    const age = Date.now() - (program?.loadTime.getTime() ?? 0);
    expect(age).toBeGreaterThan(-1000);
  });

  test('has a map with its sizes and pins', () => {
    const { id } = object.programs.copy_kinds.info();
    expect(here(found.maps, 'by_key')).toMatchObject({
      type: 'hash',
      keySize: 8,
      frozen: false,
      pins: pin,
      programIds: expect.arrayContaining([id]),
    });
    // libbpf freezes constants.
    const constants = found.maps.find(
      ({ name, programIds }) => name.endsWith('.rodata') && programIds.includes(id),
    );
    expect(constants?.frozen).toBe(true);
  });

  test('leaves no descriptor behind, and is silent about what vanished', async () => {
    const before = bpfFiles();
    await Promise.all([inventory(), inventory()]);
    expect(bpfFiles()).toEqual(before);
    const never = 0x7fffffff;
    expect(native().inventoryProgram(never)).toBeNull();
    expect(native().inventoryMap(never)).toBeNull();
    expect(native().inventoryBtf(never)).toBeNull();
    expect(native().inventoryPin('/no/such/pin')).toBeNull();
    expect(native().inventoryPin('/dev/null')).toBeNull();
    expect(await thrown(() => native().inventoryIds(untyped('chain')))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
  });

  test('counts runs while statistics are on', async () => {
    const { id } = object.programs.copy_kinds.info();
    const runs = async () => (await inventory()).programs.find((one) => one.id === id)?.runCount ?? 0n;
    const before = await runs();
    {
      using _statistics = enableRunStatistics();
      object.programs.copy_kinds.run(input());
    }
    const counted = await runs();
    object.programs.copy_kinds.run(input());
    expect([counted - before, (await runs()) - counted]).toEqual([1n, 0n]);
  });

  test('is printed by bpf-lsm ls', () => {
    const { id } = object.programs.copy_kinds.info();
    const json = JSON.parse(ls(['programs', '--json']).stdout) as {
      id: number;
      holders: { pid: number }[];
    }[];
    expect(json.find((one) => one.id === id)?.holders.map(({ pid }) => pid)).toEqual([process.pid]);
    const { stdout, status } = ls(['maps', '--pins', '--holders']);
    expect(status).toBe(0);
    const line = stdout
      .split('\n')
      .find((text) => text.includes('by_key') && text.includes(`(${process.pid})`));
    expect(line).toMatch(/^\d+ +hash +by_key +8 /);
    for (const path of pin) expect(line).toContain(path);
    expect(ls(['btf']).stdout).toMatch(/\n1 +vmlinux +\d+/);
    expect(ls(['links']).status).toBe(0);
    expect(ls(['--hook', 'no_such_hook']).stdout).toBe('There are no LSM programs on this machine.\n');
    expect(ls(['files']).stderr).toContain('programs, maps, links, btf');
  });

  test.skipIf(noWay)(`takes CAP_SYS_ADMIN, and says so${noWay ? ` (skipped: ${noWay})` : ''}`, () => {
    for (const user of [asOrdinaryUser(), asOrdinaryUser('bpf', 'perfmon')]) {
      const { status, stdout, stderr } = ls([], user);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^bpf-lsm: cannot list the BPF objects .*EPERM.*; .*CAP_SYS_ADMIN.*\n$/);
    }
  });
});
