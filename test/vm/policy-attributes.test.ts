import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyPolicies, removePolicies } from '../../src/policy/index.js';
import type { OperationOf } from '../../src/policy/model/index.js';
import type { Helper } from '../support/helper.js';
import { answers, bystander, denials, every, jailed, prisoner } from '../support/jail.js';
import { kernelIsAtLeast } from '../support/kernel.js';

const ROOT = '/dev/shm/policy-attributes';
const SECRET = `${ROOT}/secret`;
const MOUNTED = `${SECRET}/mounted`;
const [FILE, IN_MOUNT, FREE] = [`${SECRET}/below/file`, `${MOUNTED}/file`, `${ROOT}/free`];

let inside: Helper;
let outside: Helper;

beforeAll(async () => {
  mkdirSync(`${SECRET}/below`, { recursive: true });
  mkdirSync(MOUNTED);
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', MOUNTED]);
  for (const path of [FILE, IN_MOUNT, FREE]) writeFileSync(path, '');
  inside = await prisoner();
  outside = bystander();
});
afterAll(async () => {
  for (const helper of [inside, outside]) helper[Symbol.dispose]();
  await removePolicies();
  spawnSync('umount', [MOUNTED]);
  rmSync(ROOT, { recursive: true });
});

/** Each of these of each of the files. */
const of = (calls: readonly string[], ...paths: string[]) =>
  paths.flatMap((path) => calls.map((call) => call.replace('@', path)));

const CALLS = {
  chmod: ['chmod @'],
  chown: ['chown @'],
  xattr: ['setxattr @ trusted.test', 'removexattr @ trusted.test'],
  acl: ['setacl @', 'removeacl @'],
} satisfies Partial<Record<OperationOf<'files'>, string[]>>;

describe('the attributes of files', () => {
  for (const [operation, calls] of Object.entries(CALLS) as [keyof typeof CALLS, string[]][]) {
    test(`are not changed where ${operation} is denied`, async () => {
      const others = Object.entries(CALLS)
        // Before Linux 6.2 access control lists are extended attributes like others.
        .filter(
          ([name]) =>
            name !== operation && (kernelIsAtLeast(6, 2) || operation !== 'xattr' || name !== 'acl'),
        )
        .flatMap(([, lines]) => lines);
      const denied = of(calls, FILE, IN_MOUNT);
      const lines = [...denied, ...of(others, FILE), ...of(calls, FREE)];
      const free = every(lines, '0');
      expect(await answers(inside, lines)).toEqual(free);
      await applyPolicies([jailed([{ deny: [operation], objects: [{ beneath: SECRET }] }])]);
      expect(await answers(inside, lines)).toEqual({ ...free, ...every(denied, 'EACCES') });
      expect(await denials(operation)).toBe(BigInt(denied.length));
      expect(await answers(outside, lines)).toEqual(free);
      await applyPolicies([jailed([{ deny: [operation], objects: [{ path: FREE }] }])]);
      expect(await answers(inside, lines)).toEqual({ ...free, ...every(of(calls, FREE), 'EACCES') });
      await applyPolicies([]);
      expect(await answers(inside, lines)).toEqual(free);
    });
  }
});

describe('devices and files', () => {
  test('are told nothing where ioctl is denied', async () => {
    const lines = ['ioctl', 'ioctl32'];
    const policy = jailed([{ deny: ['ioctl'], objects: [{ beneath: SECRET }] }]);
    for (const helper of [inside, outside]) await helper.ask('hold', FILE, 'r');
    expect(await answers(inside, lines)).toEqual(every(lines, '0'));
    await applyPolicies([policy]);
    expect(await answers(inside, lines)).toEqual(every(lines, 'EACCES'));
    expect(await denials('ioctl')).toBe(2n);
    expect(await answers(outside, lines)).toEqual(every(lines, '0'));
    await inside.ask('hold', FREE, 'r');
    expect(await answers(inside, lines)).toEqual(every(lines, '0'));
    await inside.ask('hold', FILE, 'r');
    await applyPolicies([]);
    expect(await answers(inside, lines)).toEqual(every(lines, '0'));
  });

  test('nor by commands of io_uring', async () => {
    for (const helper of [inside, outside]) await helper.ask('hold', '/dev/null', 'r');
    const free = { 'uring-cmd': '0', ioctl: 'ENOTTY' };
    const lines = Object.keys(free);
    expect(await answers(inside, lines)).toEqual(free);
    await applyPolicies([jailed([{ deny: ['ioctl'], objects: [{ path: '/dev/null' }] }])]);
    expect(await answers(inside, lines)).toEqual(every(lines, 'EACCES'));
    expect(await answers(outside, lines)).toEqual(free);
    await applyPolicies([]);
    expect(await answers(inside, lines)).toEqual(free);
  });
});
