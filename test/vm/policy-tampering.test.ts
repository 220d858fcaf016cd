import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DIRECTORY } from '../../src/policy/engine/engine-options.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import type { ControlRecord } from '../../src/policy/engine/layout.js';
import {
  adoptIntoDomain,
  applyPolicies,
  confirmPolicies,
  definePolicy,
  policyStatus,
  removePolicies,
  rollbackPolicies,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { loadKinds } from '../support/fixtures.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-tampering';
const [ONE, OTHER] = [`${ROOT}/one`, `${ROOT}/other`];
/** Pins of maps as the engine has them, which no program uses; and what is put aside. */
const [SPARE, ASIDE] = ['/sys/fs/bpf/policy-tampering', '/sys/fs/bpf/aside'];

beforeAll(() => {
  mkdirSync(ROOT);
  mkdirSync(ASIDE);
  for (const path of [ONE, OTHER]) writeFileSync(path, '');
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
  rmSync(ASIDE, { recursive: true });
});

function denying(path: string, name = 'test') {
  return definePolicy({
    name,
    scope: 'host',
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: [{ path }] }],
  });
}

const verdicts = () => [ONE, OTHER].map((path) => attempt(() => readFileSync(path)));
/** Of the policy that was in force before anything was changed. */
const AS_BEFORE = ['EACCES', '0'];

async function spared<Result>(work: (objects: KernelObjects) => Promise<Result>): Promise<Result> {
  using objects = await KernelObjects.open(SPARE);
  try {
    return await work(objects);
  } finally {
    objects.remove();
  }
}

/** Puts another pin in the place of one of the engine's while something is done. */
async function replaced(name: string, by: string, work: () => Promise<void>): Promise<void> {
  renameSync(`${DIRECTORY}/${name}`, `${ASIDE}/pin`);
  renameSync(by, `${DIRECTORY}/${name}`);
  try {
    await work();
  } finally {
    renameSync(`${ASIDE}/pin`, `${DIRECTORY}/${name}`);
  }
}

/** @returns what was there before */
function changed(objects: KernelObjects, fields: Partial<ControlRecord>): ControlRecord {
  const { control } = objects.maps;
  const before = control.get(0) as ControlRecord;
  control.set(0, { ...before, ...fields });
  return before;
}

/** Nobody makes anything of what does not belong together, and what was in force stays so. */
async function refused(error: object): Promise<void> {
  expect(await thrown(() => applyPolicies([denying(OTHER)]))).toMatchObject(error);
  expect(await thrown(() => policyStatus())).toMatchObject(error);
  expect(await thrown(() => rollbackPolicies())).toMatchObject(error);
  expect(await thrown(() => confirmPolicies())).toMatchObject(error);
  expect(await thrown(() => adoptIntoDomain('jail', process.pid))).toMatchObject(error);
  expect(verdicts()).toEqual(AS_BEFORE);
}

beforeEach(async () => {
  await applyPolicies([denying(ONE)]);
  expect(verdicts()).toEqual(AS_BEFORE);
}, 120_000);

describe('what somebody has changed of the policies in the kernel', { timeout: 120_000 }, () => {
  test('the version of what is written there', async () => {
    using objects = await KernelObjects.open(DIRECTORY);
    const { layout } = changed(objects, { layout: 99 });
    const error = { code: 'ERR_BPF_STATE', message: expect.stringContaining('layout 99') };
    for (const call of [
      () => applyPolicies([denying(OTHER)]),
      () => policyStatus(),
      () => rollbackPolicies(),
      () => confirmPolicies(),
    ])
      expect(await thrown(call)).toMatchObject(error);
    expect(verdicts()).toEqual(AS_BEFORE);
    changed(objects, { layout });
    await applyPolicies([denying(OTHER)]);
    expect(verdicts()).toEqual(['0', 'EACCES']);
  });

  test('maps of another shape', async () => {
    using kinds = await loadKinds();
    for (const name of ['control', 'anchors']) {
      kinds.maps.by_key.pin(`${SPARE}/map`);
      await replaced(name, `${SPARE}/map`, () => refused({ code: 'ERR_BPF_MAP_MISMATCH', map: name }));
    }
    expect(await applyPolicies([denying(OTHER)])).toMatchObject({ absent: [] });
    expect(verdicts()).toEqual(['0', 'EACCES']);
  });

  test('maps that look the same, and that no program judges by', async () => {
    const error = { code: 'ERR_BPF_STATE', hint: expect.stringContaining('remove all policies') };
    await spared(async () => {
      await replaced('anchors', `${SPARE}/anchors`, () => refused(error));
      await replaced('control', `${SPARE}/control`, () => refused(error));
    });
    expect(await applyPolicies([denying(OTHER)])).toMatchObject({ absent: [] });
    expect(verdicts()).toEqual(['0', 'EACCES']);
  });

  test('a map that is gone, for which a new one is made', async () => {
    renameSync(`${DIRECTORY}/names`, `${ASIDE}/pin`);
    await refused({ code: 'ERR_BPF_STATE' });
    renameSync(`${ASIDE}/pin`, `${DIRECTORY}/names`);
    expect(await applyPolicies([denying(OTHER)])).toMatchObject({ absent: [] });
    unlinkSync(`${DIRECTORY}/names`);
    expect(await thrown(() => policyStatus())).toMatchObject({ code: 'ERR_BPF_STATE' });
    expect(await removePolicies()).toBe(true);
    expect(existsSync(DIRECTORY)).toBe(false);
    await applyPolicies([denying(ONE)]);
    expect(verdicts()).toEqual(AS_BEFORE);
  });

  test('a pin of a link that is of something else', async () => {
    const [pin = ''] = readdirSync(`${DIRECTORY}/links`).filter((name) => name.startsWith('judge_open-'));
    using kinds = await loadKinds();
    kinds.maps.by_key.pin(`${SPARE}/map`);
    renameSync(`${DIRECTORY}/links/${pin}`, `${ASIDE}/link`);
    renameSync(`${SPARE}/map`, `${DIRECTORY}/links/${pin}`);
    expect(await policyStatus()).toMatchObject({ absent: ['judge_open'] });
    expect(verdicts()).toEqual(AS_BEFORE);
    // Detached with its last pin: nothing is enforced any more, and that is told.
    unlinkSync(`${ASIDE}/link`);
    expect(await policyStatus()).toMatchObject({ absent: ['judge_open'] });
    const { programs, absent } = await applyPolicies([denying(ONE)]);
    expect([programs.includes('judge_open'), absent]).toEqual([true, []]);
    expect(verdicts()).toEqual(AS_BEFORE);
  });

  test('what puts children into the domains of their parents', async () => {
    const ofDomain = () => applyPolicies([{ ...denying(ONE), scope: { kind: 'domain', name: 'tampered' } }]);
    expect(await ofDomain()).toMatchObject({ absent: [] });
    const [pin = ''] = readdirSync(`${DIRECTORY}/links`).filter((name) =>
      name.startsWith('inherit_domains-'),
    );
    unlinkSync(`${DIRECTORY}/links/${pin}`);
    expect(await policyStatus()).toMatchObject({ absent: ['inherit_domains'] });
    expect(await ofDomain()).toMatchObject({ absent: [] });
  });

  test('a table of the policies', async () => {
    using objects = await KernelObjects.open(DIRECTORY);
    const { current, states } = objects.maps.control.get(0) as ControlRecord;
    objects.maps.anchors.delete(states[current]?.active.slot as number);
    expect(verdicts()).toEqual(['0', '0']);
    expect(await policyStatus()).toMatchObject({ absent: ['anchors'] });
    expect(await applyPolicies([denying(ONE)])).toMatchObject({ absent: [] });
    expect(verdicts()).toEqual(AS_BEFORE);
  });

  test('the policies as they were written', async () => {
    {
      using objects = await KernelObjects.open(DIRECTORY);
      const { current, states } = objects.maps.control.get(0) as ControlRecord;
      using sources = objects.maps.sources.open(states[current]?.active.slot as number);
      sources?.set(0, { bytes: 9, text: new Uint8Array(4092).fill(0x7b) });
    }
    const keeping = () => applyPolicies([denying(OTHER, 'more')], { keep: true });
    expect(await thrown(keeping)).toMatchObject({ code: 'ERR_BPF_STATE', map: 'sources' });
    expect(verdicts()).toEqual(AS_BEFORE);
    await applyPolicies([denying(OTHER)]);
    expect(verdicts()).toEqual(['0', 'EACCES']);
  });

  test('which generation decides: one that is nowhere', async () => {
    using objects = await KernelObjects.open(DIRECTORY);
    const { states } = changed(objects, {});
    changed(objects, {
      states: states.map((state) => ({ ...state, active: { ...state.active, slot: 77 } })),
    });
    expect(verdicts()).toEqual(['0', '0']);
    const status = await policyStatus();
    expect(status?.unjudged).toBeGreaterThan(0n);
    await applyPolicies([denying(ONE)]);
    expect(verdicts()).toEqual(AS_BEFORE);
  });
});
