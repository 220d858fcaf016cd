import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptIntoDomain, applyPolicies, policyStatus, removePolicies } from '../../src/policy/index.js';
import { family } from '../support/family.js';
import type { Helper } from '../support/helper.js';
import { denials, JAIL, jailed } from '../support/jail.js';

const ROOT = '/dev/shm/policy-routes';
const [PROGRAM, FILE, OTHER] = [`${ROOT}/program`, `${ROOT}/file`, `${ROOT}/other`];
const LOADER = '/lib64/ld-linux-x86-64.so.2';

let inside: Helper;
let outside: Helper;

beforeAll(async () => {
  mkdirSync(ROOT);
  copyFileSync('/bin/true', PROGRAM);
  for (const path of [FILE, OTHER]) writeFileSync(path, '');
  [inside, outside] = [family(), family()];
  await applyPolicies([]);
  await adoptIntoDomain(JAIL, inside.pid);
}, 120_000);
afterAll(async () => {
  for (const helper of [inside, outside]) await helper.end();
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

describe('ways of the kernel and of the system around a call', { timeout: 120_000 }, () => {
  test.skipIf(!existsSync(LOADER))('the dynamic loader, run by hand', async () => {
    const both = async (helper: Helper) => [
      await helper.ask('exec', PROGRAM),
      await helper.ask('exec', LOADER, PROGRAM),
      await helper.ask('exec', LOADER, '/bin/true'),
    ];
    expect(await both(inside)).toEqual(['0', '0', '0']);
    // It maps what it is given, and executes only itself.
    await applyPolicies([jailed([{ deny: ['exec'], objects: [{ path: PROGRAM }] }])]);
    expect(await both(inside)).toEqual(['EACCES', '0', '0']);
    await applyPolicies([jailed([{ deny: ['exec', 'map-exec'], objects: [{ path: PROGRAM }] }])]);
    expect(await both(inside)).toEqual(['EACCES', '127', '0']);
    expect(await policyStatus()).toMatchObject({ policies: [{ denials: { exec: 1n, 'map-exec': 1n } }] });
    expect(await both(outside)).toEqual(['0', '0', '0']);
    await applyPolicies([]);
    expect(await both(inside)).toEqual(['0', '0', '0']);
  });

  test('io_uring, whose workers are threads of the process', async ({ skip }) => {
    const disabled = '/proc/sys/kernel/io_uring_disabled';
    if (existsSync(disabled) && readFileSync(disabled, 'utf8').trim() === '2')
      skip('kernel.io_uring_disabled is 2');
    if ((await outside.ask('uring', FILE)) === 'ENOSYS') skip('this kernel is built without io_uring');
    const both = async (helper: Helper) => [
      await helper.ask('uring', FILE),
      await helper.ask('uring', OTHER),
    ];
    expect(await both(inside)).toEqual(['0', '0']);
    await applyPolicies([jailed([{ deny: ['read'], objects: [{ path: FILE }] }])]);
    expect(await both(inside)).toEqual(['EACCES', '0']);
    expect(await denials('read')).toBe(1n);
    expect(await both(outside)).toEqual(['0', '0']);
    await applyPolicies([]);
    expect(await both(inside)).toEqual(['0', '0']);
  });
});
