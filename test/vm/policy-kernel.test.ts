import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptIntoDomain, applyPolicies, type Operation, removePolicies } from '../../src/policy/index.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { denied, enforce, JAIL } from '../support/policy-call.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-kernel';
const [MOUNTED, PLACE, OTHER] = [`${ROOT}/mounted`, `${ROOT}/place`, `${ROOT}/other`];

let inside: Helper;
let outside: Helper;

beforeAll(async () => {
  for (const directory of [MOUNTED, PLACE, OTHER]) mkdirSync(directory, { recursive: true });
  // In mount namespaces of their own, in which mounts can be moved.
  [inside, outside] = [0, 1].map(() => new Helper(program('kernel_calls'), ['unshare', '-m'])) as [
    Helper,
    Helper,
  ];
  for (const helper of [inside, outside]) expect(await helper.ask('private', '/')).toBe('0');
  await applyPolicies([]);
  await adoptIntoDomain(JAIL, inside.pid);
});

afterAll(async () => {
  inside[Symbol.dispose]();
  outside[Symbol.dispose]();
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

interface Way {
  words: (string | number)[];
  /** What it is answered when it is allowed. */
  allowed?: string;
  refused?: string;
}

const way = (...words: (string | number)[]): Way => ({ words });

async function answers(helper: Helper, ways: readonly Way[]): Promise<string[]> {
  const all: string[] = [];
  for (const { words } of ways) all.push(await helper.ask(...words));
  return all;
}

async function isDenied(operation: Operation, ways: readonly Way[]): Promise<void> {
  const allowed = ways.map(({ allowed = '0' }) => allowed);
  expect(await answers(inside, ways)).toEqual(allowed);
  await enforce([{ deny: [operation] }]);
  expect(await answers(inside, ways)).toEqual(ways.map(({ refused = 'EACCES' }) => refused));
  expect(await answers(outside, ways)).toEqual(allowed);
  expect(await denied(operation)).toBeGreaterThanOrEqual(BigInt(ways.length));
  await applyPolicies([]);
  expect(await answers(inside, ways)).toEqual(allowed);
}

describe('operations on the kernel', () => {
  test('load-module', async () => {
    await isDenied('load-module', [
      { words: ['init-module'], allowed: 'ENOEXEC' },
      { words: ['finit-module'], allowed: 'ENOEXEC' },
      // Whether a module was asked for is not told: only the count shows it.
      { words: ['request-module'], allowed: 'ENODEV', refused: 'ENODEV' },
    ]);
  });

  test('kexec', async () => {
    const ways = [way('kexec-load'), { words: ['kexec-file-load'], allowed: 'ENOEXEC' }];
    const there: Way[] = [];
    for (const one of ways) if ((await outside.ask(...one.words)) !== 'ENOSYS') there.push(one);
    expect(there.length).toBeGreaterThan(0);
    await isDenied('kexec', there);
  });

  test('perf, set-time, syslog', async () => {
    await isDenied('perf', [way('perf')]);
    await isDenied('set-time', [way('settime')]);
    await isDenied('syslog', [way('syslog')]);
  });

  test('bpf, by the command and nearer by the type of programs', async () => {
    // BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_XDP
    const ways = [way('bpf-map'), way('bpf-program', 1), way('bpf-program', 6)];
    await isDenied('bpf', ways);
    await enforce([
      { deny: ['bpf'], objects: [{ command: 'BPF_PROG_LOAD' }] },
      { allow: ['bpf'], objects: [{ programType: 'BPF_PROG_TYPE_XDP' }] },
    ]);
    expect(await answers(inside, ways)).toEqual(['0', 'EACCES', '0']);
    expect(await answers(outside, ways)).toEqual(['0', '0', '0']);
    expect(await denied('bpf')).toBe(1n);
    await enforce([{ deny: ['bpf'], objects: [{ command: 'BPF_MAP_CREATE' }] }]);
    expect(await answers(inside, [...ways, way('bpf-map-flagged')])).toEqual(['EACCES', '0', '0', 'EACCES']);
    await applyPolicies([]);
    expect(await answers(inside, ways)).toEqual(['0', '0', '0']);
  });

  test('lockdown, by the reason', async () => {
    const ways = [way('kcore'), way('iopl')];
    expect(await answers(inside, ways)).toEqual(['0', '0']);
    await enforce([{ deny: ['lockdown'], objects: [{ lockdown: 'LOCKDOWN_KCORE' }] }]);
    expect(await answers(inside, ways)).toEqual(['EACCES', '0']);
    expect(await answers(outside, ways)).toEqual(['0', '0']);
    expect(await denied('lockdown')).toBe(1n);
    // arch/x86/kernel/ioport.c answers EPERM, whatever it was told.
    await enforce([{ deny: ['lockdown'] }]);
    expect(await answers(inside, ways)).toEqual(['EACCES', 'EPERM']);
    await applyPolicies([]);
    expect(await answers(inside, ways)).toEqual(['0', '0']);
  });

  test('is refused for constants that the kernel does not have', async () => {
    expect(
      await thrown(() => enforce([{ deny: ['lockdown'], objects: [{ lockdown: 'LOCKDOWN_NOWHERE' }] }])),
    ).toMatchObject({ code: 'ERR_BPF_POLICY_UNSUPPORTED', reason: 'kernel' });
  });
});

describe('operations on mounts', () => {
  beforeAll(async () => {
    for (const helper of [inside, outside]) {
      expect(await helper.ask('private', '/')).toBe('0');
      expect(await helper.ask('keep', 'tmpfs', MOUNTED)).toBe('0');
    }
  });

  test('mount, in each way', async () => {
    await isDenied('mount', [
      way('mount', 'tmpfs', PLACE),
      way('create', 'tmpfs'),
      way('fsmount', 'tmpfs', PLACE),
      way('bind', MOUNTED, PLACE),
      way('open-tree', MOUNTED, PLACE),
    ]);
  });

  test('mount, by the type of the file system', async () => {
    const ways = [
      way('mount', 'tmpfs', PLACE),
      way('mount', 'ramfs', PLACE),
      way('fsmount', 'tmpfs', PLACE),
      way('fsmount', 'ramfs', PLACE),
      way('bind', MOUNTED, PLACE),
    ];
    const open = ['0', '0', '0', '0', '0'];
    expect(await answers(inside, ways)).toEqual(open);
    await enforce([{ deny: ['mount'], objects: [{ fileSystem: 'tmpfs' }] }]);
    expect(await answers(inside, ways)).toEqual(['EACCES', '0', 'EACCES', '0', '0']);
    expect(await answers(outside, ways)).toEqual(open);
    expect(await denied('mount')).toBe(2n);
    await enforce([{ deny: ['mount'] }, { allow: ['mount'], objects: [{ fileSystem: 'tmpfs' }] }]);
    expect(await answers(inside, ways)).toEqual(['0', 'EACCES', '0', 'EACCES', 'EACCES']);
    // A type has a part after a dot that says nothing to the kernel.
    await enforce([{ deny: ['mount'], objects: [{ fileSystem: 'fuse' }] }]);
    expect(await inside.ask('mount', 'fuse.any', PLACE)).toBe('EACCES');
    expect(await outside.ask('mount', 'fuse.any', PLACE)).not.toBe('EACCES');
    await applyPolicies([]);
    expect(await answers(inside, ways)).toEqual(open);
  });

  test('remount', async () => {
    await isDenied('remount', [
      way('remount', MOUNTED),
      way('reconfigure', MOUNTED),
      way('private', MOUNTED),
    ]);
  });

  test('move-mount', async () => {
    await isDenied('move-mount', [way('move', MOUNTED, PLACE), way('move-mount', MOUNTED, PLACE)]);
  });

  test('umount', async () => {
    await enforce([{ deny: ['umount'] }]);
    expect([await inside.ask('umount', MOUNTED), await outside.ask('umount', MOUNTED)]).toEqual([
      'EACCES',
      '0',
    ]);
    expect(await denied('umount')).toBe(1n);
    await applyPolicies([]);
    expect(await inside.ask('umount', MOUNTED)).toBe('0');
    for (const helper of [inside, outside]) expect(await helper.ask('keep', 'tmpfs', MOUNTED)).toBe('0');
  });

  test('pivot-root and chroot', async () => {
    await isDenied('pivot-root', [way('pivot-root', MOUNTED)]);
    await isDenied('chroot', [way('chroot', MOUNTED)]);
  });

  test('mount-on, by the place', async () => {
    const ways = [
      way('mount', 'tmpfs', PLACE),
      way('fsmount', 'tmpfs', PLACE),
      way('bind', MOUNTED, PLACE),
      way('open-tree', MOUNTED, PLACE),
      way('move', MOUNTED, PLACE),
      way('move-mount', MOUNTED, PLACE),
    ];
    const elsewhere = ways.map(({ words: [name = '', what = ''] }) => way(name, what, OTHER));
    const open = ways.map(() => '0');
    expect(await answers(inside, ways)).toEqual(open);
    await enforce([{ deny: ['mount-on'], objects: [{ path: PLACE }] }]);
    expect(await answers(inside, ways)).toEqual(open.map(() => 'EACCES'));
    expect(await answers(inside, elsewhere)).toEqual(open);
    expect(await answers(outside, ways)).toEqual(open);
    expect(await denied('mount-on')).toBe(6n);
    await applyPolicies([]);
    expect(await answers(inside, ways)).toEqual(open);
  });
});
