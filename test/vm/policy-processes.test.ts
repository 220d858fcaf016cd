import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Acted, decide, type Subject } from '../../src/policy/evaluate/index.js';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  type Operation,
  type PolicyInput,
  removePolicies,
} from '../../src/policy/index.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { denied, enforce, JAIL } from '../support/policy-call.js';

const ROOT = '/dev/shm/policy-processes';
const CGROUP = '/sys/fs/cgroup/policy-processes';
const [SLEEPER, NAMED, SCRIPT, FREE_SCRIPT, MEMFD_SCRIPT] = [
  `${ROOT}/sleeper`,
  `${ROOT}/named`,
  `${ROOT}/script`,
  `${ROOT}/free-script`,
  `${ROOT}/memfd-script`,
];
const INTERPRETER = `${ROOT}/interpreter`;
const NOBODY = 65_534;

let inside: Helper;
let outside: Helper;
const targets: ChildProcess[] = [];
let [plain, sleeper, nobody]: number[] = [];

async function target(command: string, uid = 0): Promise<number> {
  const child = spawn(command, ['1000'], { uid, stdio: 'ignore' });
  targets.push(child);
  await once(child, 'spawn');
  return child.pid as number;
}

beforeAll(async () => {
  mkdirSync(ROOT);
  mkdirSync(`${CGROUP}/below`, { recursive: true });
  copyFileSync('/bin/sleep', SLEEPER);
  copyFileSync('/bin/true', INTERPRETER);
  for (const [path, interpreter] of [
    [SCRIPT, INTERPRETER],
    [FREE_SCRIPT, '/bin/true'],
    [MEMFD_SCRIPT, '/proc/self/fd/9'],
  ] as const) {
    writeFileSync(path, `#!${interpreter}\n`);
    chmodSync(path, 0o755);
  }
  [plain, sleeper, nobody] = [
    await target('/bin/sleep'),
    await target(SLEEPER),
    await target('/bin/sleep', NOBODY),
  ];
  inside = new Helper(program('process_calls'));
  outside = new Helper(program('process_calls'));
  await applyPolicies([]);
  await adoptIntoDomain(JAIL, inside.pid);
});

afterAll(async () => {
  inside[Symbol.dispose]();
  outside[Symbol.dispose]();
  for (const child of targets) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  await removePolicies();
  rmSync(ROOT, { recursive: true });
  for (const path of [`${CGROUP}/below`, CGROUP]) rmdirSync(path);
});

/** What is asked for; what answers when it is allowed, and when it is not. */
interface Way {
  words: (string | number)[];
  refused?: string;
}

const way = (...words: (string | number)[]): Way => ({ words });

/** Of each way, in the domain and out of it. */
async function answers(ways: readonly Way[]): Promise<[string[], string[]]> {
  const all: [string[], string[]] = [[], []];
  for (const { words } of ways) {
    all[0].push(await inside.ask(...words));
    all[1].push(await outside.ask(...words));
  }
  return all;
}

async function isDenied(operation: Operation, ways: readonly Way[]): Promise<void> {
  const allowed = ways.map(() => '0');
  expect(await answers(ways)).toEqual([allowed, allowed]);
  await enforce([{ deny: [operation] }]);
  expect(await answers(ways)).toEqual([ways.map(({ refused = 'EACCES' }) => refused), allowed]);
  expect(await denied(operation)).toBeGreaterThanOrEqual(BigInt(ways.length));
  await applyPolicies([]);
  expect(await answers(ways)).toEqual([allowed, allowed]);
}

describe('operations of processes', () => {
  test('ptrace', async () => {
    // mm/process_vm_access.c answers EPERM, whatever it was told.
    await isDenied('ptrace', [
      way('attach', plain as number),
      { words: ['write-memory', plain as number], refused: 'EPERM' },
      { words: ['traceme'] },
    ]);
  });

  test('ptrace-read', async () => {
    await isDenied('ptrace-read', [way('executable', plain as number)]);
    // kernel/fork.c may_access_mm(), Linux 6.15: perfmon_capable() is enough.
    const ways = [way('environ', plain as number)];
    await enforce([
      { deny: ['ptrace-read'] },
      { deny: ['capability'], objects: [{ capability: 'CAP_PERFMON' }, { capability: 'CAP_SYS_ADMIN' }] },
    ]);
    expect(await answers(ways)).toEqual([['EACCES'], ['0']]);
    await applyPolicies([]);
    expect(await answers(ways)).toEqual([['0'], ['0']]);
  });

  test('signal', async () => {
    await isDenied('signal', [way('kill', plain as number, 0), way('kill', plain as number, 18)]);
  });

  test('set-uid and set-gid', async () => {
    await isDenied('set-uid', [way('setuid')]);
    await isDenied('set-gid', [way('setgid'), way('setgroups')]);
  });

  test('create-user-namespace', async () => {
    await isDenied('create-user-namespace', [way('user-namespace')]);
  });

  test('exec-anonymous', async () => {
    await isDenied('exec-anonymous', [
      way('exec-memfd', '/bin/true'),
      way('exec-removed', '/bin/true'),
      way('exec-temporary', '/bin/true'),
      way('exec-with-memfd-9', '/bin/true', MEMFD_SCRIPT),
    ]);
    await enforce([{ deny: ['exec-anonymous'] }]);
    expect(await answers([way('exec', '/bin/true'), way('exec', SCRIPT)])).toEqual([
      ['0', '0'],
      ['0', '0'],
    ]);
    await applyPolicies([]);
  });

  test('capability, each by itself', async () => {
    const ways = [way('nice'), way('hostname')];
    expect(await answers(ways)).toEqual([
      ['0', '0'],
      ['0', '0'],
    ]);
    await enforce([{ deny: ['capability'], objects: [{ capability: 'CAP_SYS_NICE' }] }]);
    expect(await answers(ways)).toEqual([
      ['EACCES', '0'],
      ['0', '0'],
    ]);
    expect(await denied('capability')).toBeGreaterThan(0n);
    await enforce([
      { deny: ['capability'] },
      { allow: ['capability'], objects: [{ capability: 'CAP_SYS_NICE' }] },
    ]);
    expect(await answers(ways)).toEqual([
      ['0', 'EPERM'],
      ['0', '0'],
    ]);
    await applyPolicies([]);
    expect(await answers(ways)).toEqual([
      ['0', '0'],
      ['0', '0'],
    ]);
  });

  test('exec-interpreter, by the file', async () => {
    const ways = [way('exec', SCRIPT), way('exec', FREE_SCRIPT), way('exec', INTERPRETER)];
    expect((await answers(ways))[0]).toEqual(['0', '0', '0']);
    await enforce([{ deny: ['exec-interpreter'], objects: [{ path: INTERPRETER }] }]);
    expect(await answers(ways)).toEqual([
      ['EACCES', '0', '0'],
      ['0', '0', '0'],
    ]);
    expect(await denied('exec-interpreter')).toBe(1n);
    await applyPolicies([]);
    expect((await answers(ways))[0]).toEqual(['0', '0', '0']);
  });
});

describe('the process that is acted upon', () => {
  const everyone = () => [plain, sleeper, nobody, inside.pid, outside.pid] as number[];
  async function signalled(): Promise<string[]> {
    const said: string[] = [];
    for (const pid of everyone()) said.push(await inside.ask('kill', pid, 0));
    return said;
  }

  /** The same of the pure model. */
  function decided(rules: PolicyInput['rules']): string[] {
    const policy = definePolicy({ name: 'test', scope: { domain: JAIL }, mode: 'enforce', rules });
    const file = (path: string) =>
      ({
        kind: 'file',
        steps: [{ inode: path, entry: null, device: '', fileSystem: 'tmpfs' }],
        complete: true,
        attributes: null,
      }) as const;
    const subject = (executable: string, uid: number, domains: readonly string[]): Subject => ({
      uids: { real: uid, effective: uid },
      gids: { real: uid, effective: uid },
      executable: file(executable),
      cgroup: '/',
      domains,
    });
    const jailed = subject('helper', 0, [JAIL]);
    const acted = [
      subject('sleep', 0, []),
      subject(SLEEPER, 0, []),
      subject('sleep', NOBODY, []),
      jailed,
      subject('helper', 0, []),
    ].map((process): Acted => ({ kind: 'process', process }));
    const anchors = (path: string) => ({ inodes: [path], entries: [] });
    return acted.map((one) => decide([policy], jailed, 'signal', [one], anchors).errno ?? '0');
  }

  const rules: Record<string, [PolicyInput['rules'], string[]]> = {
    'by its executable': [
      [{ deny: ['signal'], objects: [{ executable: SLEEPER }] }],
      ['0', 'EACCES', '0', '0', '0'],
    ],
    'by its uid': [[{ deny: ['signal'], objects: [{ uid: NOBODY }] }], ['0', '0', 'EACCES', '0', '0']],
    'inside the scope': [
      [{ deny: ['signal'], objects: [{ scope: 'inside' }] }],
      ['0', '0', '0', 'EACCES', '0'],
    ],
    'outside the scope': [
      [{ deny: ['signal'], objects: [{ scope: 'outside' }] }],
      ['EACCES', 'EACCES', 'EACCES', '0', 'EACCES'],
    ],
    'allowed inside only': [
      [{ deny: ['signal'] }, { allow: ['signal'], objects: [{ scope: 'inside' }] }],
      ['EACCES', 'EACCES', 'EACCES', '0', 'EACCES'],
    ],
    'where a denial wins': [
      [
        { allow: ['signal'], objects: [{ scope: 'outside' }] },
        { deny: ['signal'], objects: [{ uid: NOBODY }, { executable: SLEEPER }] },
      ],
      ['0', 'EACCES', 'EACCES', '0', '0'],
    ],
  };

  test.each(Object.entries(rules))('%s', async (_, [policy, expected]) => {
    expect(await signalled()).toEqual(['0', '0', '0', '0', '0']);
    await enforce(policy);
    expect(await signalled()).toEqual(expected);
    expect(decided(policy)).toEqual(expected);
    expect(await outside.ask('kill', sleeper as number, 0)).toBe('0');
    expect(await denied('signal')).toBe(BigInt(expected.filter((said) => said !== '0').length));
    await applyPolicies([]);
    expect(await signalled()).toEqual(['0', '0', '0', '0', '0']);
  });

  test('by the name of an executable that replaces another', async () => {
    await enforce([{ deny: ['signal'], objects: [{ executable: NAMED }] }]);
    copyFileSync('/bin/sleep', NAMED);
    const pid = await target(NAMED);
    expect([await inside.ask('kill', pid, 0), await outside.ask('kill', pid, 0)]).toEqual(['EACCES', '0']);
    expect(await inside.ask('kill', plain as number, 0)).toBe('0');
    await applyPolicies([]);
    expect(await inside.ask('kill', pid, 0)).toBe('0');
  });

  test('inside and outside of a cgroup', async () => {
    using mover = new Helper(program('process_calls'));
    writeFileSync(`${CGROUP}/below/cgroup.procs`, `${mover.pid}`);
    writeFileSync(`${CGROUP}/below/cgroup.procs`, `${sleeper}`);
    const both = async () => [
      await mover.ask('kill', sleeper as number, 0),
      await mover.ask('kill', plain as number, 0),
      await outside.ask('kill', plain as number, 0),
    ];
    const scope = { cgroup: '/policy-processes' };
    await enforce([{ deny: ['signal'], objects: [{ scope: 'outside' }] }], { scope });
    expect(await both()).toEqual(['0', 'EACCES', '0']);
    await enforce([{ deny: ['signal'], objects: [{ scope: 'inside' }] }], { scope });
    expect(await both()).toEqual(['EACCES', '0', '0']);
    writeFileSync('/sys/fs/cgroup/cgroup.procs', `${sleeper}`);
    expect(await both()).toEqual(['0', '0', '0']);
    await applyPolicies([]);
    writeFileSync('/sys/fs/cgroup/cgroup.procs', `${mover.pid}`);
  });

  test('of PTRACE_TRACEME is whoever asks, for the policies of its parent too', async () => {
    await enforce([{ deny: ['ptrace'], objects: [{ uid: NOBODY }] }]);
    expect(await inside.ask('traceme')).toBe('0');
    await enforce([{ deny: ['ptrace'], objects: [{ uid: 0 }] }]);
    expect(await inside.ask('traceme')).toBe('EACCES');
    expect(await outside.ask('traceme')).toBe('0');
    await applyPolicies([]);
  });
});
