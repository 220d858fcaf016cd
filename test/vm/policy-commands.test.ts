import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyPolicies, definePolicy, policyStatus, removePolicies } from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { asOrdinaryUser, noWayForOrdinaryUser } from '../support/ordinary-user.js';
import { thrown } from '../support/thrown.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ROOT = '/dev/shm/policy-commands';
const LINKS = '/sys/fs/bpf/bpf-lsm/links';

function call(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const json = (...args: string[]) => JSON.parse(call(...args, '--json').stdout);

/** A policy that keeps what is in a directory there. */
function written(name: string, scope: string, directory: string): string {
  const file = `${ROOT}/${name}.yaml`;
  writeFileSync(
    file,
    `name: ${name}\nscope: ${scope}\nmode: enforce\nrules:\n  - deny: [remove]\n    objects: [{ beneath: ${ROOT}/${directory} }]\n`,
  );
  return file;
}

/** Whether a file can be removed from each. */
const removable = (...directories: string[]) =>
  directories.map((directory) => {
    appendFileSync(`${ROOT}/${directory}/file`, '');
    return attempt(() => unlinkSync(`${ROOT}/${directory}/file`));
  });

beforeAll(() => {
  for (const directory of ['one', 'other', 'free']) mkdirSync(`${ROOT}/${directory}`, { recursive: true });
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

describe('the commands of policies', () => {
  test('apply, keep, roll back, tell and remove', { timeout: 300_000 }, () => {
    const [one, other] = [written('one', 'host', 'one'), written('other', 'host', 'other')];
    expect(call('status')).toMatchObject({ status: 4, stdout: 'There are no policies.\n' });
    expect(removable('one', 'other', 'free')).toEqual(['0', '0', '0']);
    expect(call('apply', one)).toMatchObject({ status: 0, stderr: '' });
    expect(removable('one', 'other', 'free')).toEqual(['EACCES', '0', '0']);
    expect(call('rollback')).toMatchObject({ status: 0 });
    expect([call('status').status, ...removable('one')]).toEqual([4, '0']);
    expect(call('rollback')).toMatchObject({ status: 0 });
    expect(removable('one', 'other', 'free')).toEqual(['EACCES', '0', '0']);
    expect(json('apply', '--keep', '--confirm-within', '600', other)).toMatchObject({
      policies: [
        { name: 'one', denials: {} },
        { name: 'other', denials: {} },
      ],
      expired: false,
    });
    expect(removable('one', 'other', 'free')).toEqual(['EACCES', 'EACCES', '0']);
    const { status, stdout } = call('status');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^one {2}enforce\n {2}remove +denied 1\nother {2}enforce\n {2}remove +denied 1\nWaits/,
    );
    expect(call('confirm')).toMatchObject({ status: 0, stderr: '' });
    expect(call('confirm')).toMatchObject({ status: 1, stderr: 'bpf-lsm: nothing waits to be confirmed\n' });
    expect(call('rollback')).toMatchObject({ status: 0, stderr: '' });
    expect(removable('one', 'other', 'free')).toEqual(['EACCES', '0', '0']);
    expect(json('remove')).toEqual({ removed: true });
    expect(removable('one', 'other', 'free')).toEqual(['0', '0', '0']);
    expect(existsSync('/sys/fs/bpf/bpf-lsm')).toBe(false);
  });

  test('run a command in a domain, which alone is held to its policies', { timeout: 300_000 }, () => {
    const file = written('kept', '{ domain: kept }', 'one');
    const remove = `rm -f ${ROOT}/one/file ${ROOT}/free/file 2>/dev/null; cat /dev/null; [ -e ${ROOT}/one/file ] && exit 7`;
    for (const directory of ['one', 'free']) writeFileSync(`${ROOT}/${directory}/file`, '');
    expect(call('run', file, '--', 'sh', '-c', remove)).toMatchObject({ status: 7, stderr: '' });
    expect([existsSync(`${ROOT}/one/file`), existsSync(`${ROOT}/free/file`)]).toEqual([true, false]);
    expect(removable('one', 'free')).toEqual(['0', '0']);
    writeFileSync(`${ROOT}/one/file`, '');
    expect(call('run', '--domain', 'ketp', 'true')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no policy holds the domain ketp: those in force are for kept'),
    });
    expect(call('run', '--domain', 'kept', 'sh', '-c', remove).status).toBe(7);
    expect(call('run', '--domain', 'kept', 'sh', '-c', 'kill -9 $$').status).toBe(137);
    expect(call('run', written('host', 'host', 'one'), '--', 'true')).toMatchObject({ status: 1 });
    expect(call('status').stdout).toMatch(/^kept {2}enforce\n {2}remove +denied 2\n/);
  });

  test('do not take what they may not see for nothing', { timeout: 120_000 }, (context) => {
    const cannot = noWayForOrdinaryUser();
    if (cannot !== undefined) return context.skip(cannot);
    expect(call('apply', written('one', 'host', 'one')).status).toBe(0);
    const [program = '', ...words] = [...asOrdinaryUser(), process.execPath, CLI];
    for (const command of ['status', 'remove']) {
      const { status, stderr } = spawnSync(program, [...words, command], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/^bpf-lsm: cannot see whether there are policies in .*; do this as root\n$/),
      ]);
    }
    expect(call('remove').status).toBe(0);
  });

  test('refuse what would lock everybody out, unless that is accepted', { timeout: 120_000 }, async () => {
    const policy = definePolicy({
      name: 'no-shells',
      scope: 'host',
      mode: 'enforce',
      rules: [{ deny: ['exec'], objects: [{ path: '/bin/sh' }] }],
    });
    expect(spawnSync('/bin/sh', ['-c', 'exit 3']).status).toBe(3);
    expect(await thrown(() => applyPolicies([policy]))).toMatchObject({ code: 'ERR_BPF_POLICY_LOCKOUT' });
    expect(spawnSync('/bin/sh', ['-c', 'exit 3']).status).toBe(3);
    await applyPolicies([policy], { lockout: 'accept' });
    expect(spawnSync('/bin/sh', ['-c', 'exit 3']).error).toMatchObject({ code: 'EACCES' });
    await removePolicies();
    expect(spawnSync('/bin/sh', ['-c', 'exit 3']).status).toBe(3);
  });
});

test('policies that deny bpf(2) to whoever applies them are applied whole', {
  timeout: 120_000,
}, async () => {
  const policy = definePolicy({
    name: 'no-bpf',
    scope: 'host',
    mode: 'enforce',
    rules: [{ deny: ['bpf'] }],
  });
  await applyPolicies([policy], { lockout: 'accept', confirmWithin: 8 });
  const denied = await thrown(() => policyStatus());
  expect(denied.code).toBe('EACCES');
  // Only the kernel itself can go back.
  for (;;) {
    try {
      expect(await policyStatus()).toMatchObject({ expired: true, policies: [] });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
      await sleep(100);
    }
  }
  expect(await applyPolicies([])).toMatchObject({ policies: [] });
  await removePolicies();
});

describe('the programs of policies', () => {
  const policy = (operation: 'remove' | 'truncate') =>
    definePolicy({
      name: 'one',
      scope: 'host',
      mode: 'enforce',
      rules: [{ deny: [operation], objects: [{ beneath: `${ROOT}/one` }] }],
    });

  test('of another build are replaced', async () => {
    await applyPolicies([policy('remove')]);
    const pins = readdirSync(LINKS).sort();
    for (const pin of pins) renameSync(`${LINKS}/${pin}`, `${LINKS}/${pin.replace(/-.*/, '-00')}`);
    const { programs, absent } = await applyPolicies([policy('remove')]);
    expect(readdirSync(LINKS).sort()).toEqual(pins);
    expect([programs.length, absent]).toEqual([pins.length, []]);
    expect(removable('one', 'free')).toEqual(['EACCES', '0']);
  });

  test('are taken away when neither these policies nor those before need them', async () => {
    await applyPolicies([policy('remove')]);
    expect((await applyPolicies([policy('truncate')])).programs).toContain('judge_unlink');
    const { programs } = await applyPolicies([policy('truncate')]);
    expect(programs).toContain('judge_truncate');
    expect(programs).not.toContain('judge_unlink');
    expect(removable('one', 'free')).toEqual(['0', '0']);
  });

  test('are missed when somebody takes them away', async () => {
    await applyPolicies([policy('remove')]);
    const [pin] = readdirSync(LINKS).filter((name) => name.startsWith('judge_unlink-'));
    unlinkSync(`${LINKS}/${pin}`);
    expect(await policyStatus()).toMatchObject({ absent: ['judge_unlink'], unjudged: 0n });
    expect((await applyPolicies([policy('remove')])).absent).toEqual([]);
    expect(removable('one', 'free')).toEqual(['EACCES', '0']);
    await removePolicies();
    expect(removable('one', 'free')).toEqual(['0', '0']);
  });
});
