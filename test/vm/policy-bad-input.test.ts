import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfError } from '../../src/index.js';
import { DIRECTORY } from '../../src/policy/engine/engine-options.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import { EngineTurn } from '../../src/policy/engine/turn.js';
import {
  applyPolicies,
  definePolicy,
  type PolicyInput,
  policyStatus,
  removePolicies,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Child } from '../support/child.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-bad-input';
const [ONE, OTHER] = [`${ROOT}/one`, `${ROOT}/other`];
const CGROUP = '/sys/fs/cgroup/policy-bad-input';
const CONTROLLERS = '/sys/fs/cgroup/cgroup.subtree_control';

const verdicts = () => [ONE, OTHER].map((path) => attempt(() => readFileSync(path)));
/** Of the policy that is in force all the time. */
const AS_BEFORE = ['EACCES', '0'];

function denying(path: string, more: Partial<PolicyInput> = {}) {
  return definePolicy({
    name: 'test',
    scope: 'host',
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: [{ path }] }],
    ...more,
  });
}

let generation = 0;

beforeAll(async () => {
  mkdirSync(ROOT);
  for (const path of [ONE, OTHER]) writeFileSync(path, '');
  expect(verdicts()).toEqual(['0', '0']);
  ({ generation } = await applyPolicies([denying(ONE)]));
}, 120_000);
afterAll(async () => {
  expect(await applyPolicies([denying(OTHER)])).toMatchObject({ absent: [], unjudged: 0n });
  expect(verdicts()).toEqual(['0', 'EACCES']);
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

/** That a call is refused, and that what was in force before still is. */
async function refused(call: () => Promise<unknown>, error: object): Promise<void> {
  expect(await thrown(call)).toMatchObject(error);
  expect(verdicts()).toEqual(AS_BEFORE);
  expect(await policyStatus()).toMatchObject({ generation, policies: [{ name: 'test' }], unjudged: 0n });
}

describe('what cannot be applied leaves what is in force as it is', () => {
  test('more policies than the engine takes, at once or with those that stay', async () => {
    const many = Array.from({ length: 65 }, (_, index) => denying(OTHER, { name: `policy-${index}` }));
    await refused(() => applyPolicies(many), { code: 'ERR_BPF_POLICY_LIMIT' });
    const error = { code: 'ERR_BPF_POLICY_LIMIT' };
    await refused(() => applyPolicies(many.slice(1), { keep: true }), error);
  });

  test('policies for a cgroup that is not there', async () => {
    const path = '/policy-bad-input/nowhere';
    await refused(() => applyPolicies([denying(OTHER, { scope: { cgroup: path } })]), {
      code: 'ENOENT',
      message: expect.stringContaining(path),
    });
  });

  test('while somebody else applies', async () => {
    {
      using objects = await KernelObjects.open(DIRECTORY);
      using _turn = EngineTurn.take(objects.maps);
      await refused(() => applyPolicies([denying(OTHER)]), {
        code: 'EBUSY',
        message: expect.stringContaining(`process ${process.pid} `),
      });
      await refused(() => removePolicies(), { code: 'EBUSY' });
    }
    const results = await Promise.allSettled(
      [1, 2, 3].map((index) => applyPolicies([denying(ONE, { description: `the ${index}th` })])),
    );
    const applied = results.filter(({ status }) => status === 'fulfilled');
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(applied.length).toBeGreaterThan(0);
    expect(codes).toEqual(codes.map(() => 'EBUSY'));
    expect(verdicts()).toEqual(AS_BEFORE);
    ({ generation = 0 } = (await policyStatus()) ?? {});
  });

  test('where no pins can be', async () => {
    const elsewhere = `${ROOT}/no-bpffs`;
    await refused(() => applyPolicies([denying(OTHER)], { directory: elsewhere }), {
      code: 'ERR_BPF_NOT_BPFFS',
      path: elsewhere,
    });
    expect(existsSync(elsewhere)).toBe(false);
    await refused(() => applyPolicies([denying(OTHER)], { directory: `${ONE}/below` }), {
      code: expect.stringMatching(/^(ENOTDIR|ERR_BPF_NOT_BPFFS)$/),
    });
  });

  // A bpffs has no limit of its own that could be reached: kernel/bpf/inode.c takes mode, uid, gid and delegations.
  test('where no more pins can be', async () => {
    const truncating = denying(OTHER, { rules: [{ deny: ['truncate'], objects: [{ path: OTHER }] }] });
    const mount = (options: string) => spawnSync('mount', ['-o', options, '/sys/fs/bpf']).status;
    expect(mount('remount,bind,ro')).toBe(0);
    try {
      await refused(() => applyPolicies([truncating]), { code: 'EROFS' });
    } finally {
      expect(mount('remount,bind,rw')).toBe(0);
    }
  });

  test('more rules than there is memory for', { timeout: 120_000 }, async () => {
    // Where it was on before, others use it.
    const charged = readFileSync(CONTROLLERS, 'utf8').split(/\s/).includes('memory');
    if (!charged) writeFileSync(CONTROLLERS, '+memory');
    mkdirSync(CGROUP);
    using child = new Child('apply-in-little-memory', ['2000']);
    try {
      expect(await child.message()).toBe('ready');
      writeFileSync(`${CGROUP}/cgroup.procs`, String(child.pid));
      // What it has is charged to where it came from.
      writeFileSync(`${CGROUP}/memory.max`, String(1024 * 1024));
      child.send('go');
      const said = await child.message().catch(() => 'killed');
      await child.ended();
      expect(['ENOMEM', 'killed']).toContain(said);
    } finally {
      child.kill('SIGKILL');
      await child.ended();
      rmdirSync(CGROUP);
      if (!charged) writeFileSync(CONTROLLERS, '-memory');
    }
    expect(verdicts()).toEqual(AS_BEFORE);
    expect(await policyStatus()).toMatchObject({ generation, unjudged: 0n });
  });
});

describe('a cgroup that goes away', () => {
  test('takes its policy with it, and has to be named no more', async () => {
    mkdirSync(CGROUP);
    const read = (path: string) =>
      spawnSync('/bin/sh', ['-c', `echo $$ > ${CGROUP}/cgroup.procs; cat ${path} > /dev/null 2>&1`]).status;
    const its = denying(OTHER, { name: 'its', scope: { cgroup: '/policy-bad-input' } });
    expect(read(OTHER)).toBe(0);
    await applyPolicies([its], { keep: true });
    expect([read(OTHER), verdicts()]).toEqual([1, AS_BEFORE]);
    rmdirSync(CGROUP);
    expect(verdicts()).toEqual(AS_BEFORE);
    const error = await thrown(() => applyPolicies([denying(OTHER, { name: 'more' })], { keep: true }));
    expect(error).toBeInstanceOf(BpfError);
    expect(error).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('policy-bad-input') });
    expect(verdicts()).toEqual(AS_BEFORE);
    // One of the same name is another.
    mkdirSync(CGROUP);
    expect([read(OTHER), verdicts()]).toEqual([0, AS_BEFORE]);
    await applyPolicies([its], { keep: true });
    expect([read(OTHER), verdicts()]).toEqual([1, AS_BEFORE]);
    await applyPolicies([denying(ONE)]);
    expect([read(OTHER), verdicts()]).toEqual([0, AS_BEFORE]);
    rmdirSync(CGROUP);
  });
});
