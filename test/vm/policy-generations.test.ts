import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/policy/engine/compile.js';
import { Generations } from '../../src/policy/engine/generations.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import { resolveFiles } from '../../src/policy/engine/resolve.js';
import {
  applyPolicies,
  confirmPolicies,
  definePolicy,
  policyStatus,
  removePolicies,
  rollbackPolicies,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Child } from '../support/child.js';
import { program } from '../support/objects.js';
import { Stopped, stopping } from '../support/stopping-maps.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-generations';
const [ONE, OTHER, BOTH, NONE] = ['one', 'other', 'both', 'none'].map((name) => `${ROOT}/${name}`) as [
  string,
  string,
  string,
  string,
];

beforeAll(() => {
  for (const directory of [ONE, OTHER, BOTH, NONE]) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/file`, '');
  }
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

function denying(...directories: string[]) {
  return definePolicy({
    name: 'test',
    scope: 'host',
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: directories.map((beneath) => ({ beneath })) }],
  });
}

const readable = (directory: string) => attempt(() => readFileSync(`${directory}/file`));

describe('generations of policies', () => {
  test('are confirmed, rolled back, and rolled back again', async () => {
    expect(await thrown(() => confirmPolicies())).toMatchObject({ code: 'ERR_BPF_STATE' });
    await applyPolicies([denying(ONE)]);
    expect(await thrown(() => confirmPolicies())).toMatchObject({ code: 'ERR_BPF_STATE' });
    const waiting = await applyPolicies([denying(OTHER)], { confirmWithin: 600 });
    expect(waiting).toMatchObject({ expired: false, confirmUntilNs: expect.any(BigInt) });
    expect([readable(ONE), readable(OTHER)]).toEqual(['0', 'EACCES']);
    expect(await confirmPolicies()).toMatchObject({ confirmUntilNs: undefined });
    await rollbackPolicies();
    expect([readable(ONE), readable(OTHER)]).toEqual(['EACCES', '0']);
    await rollbackPolicies();
    expect([readable(ONE), readable(OTHER)]).toEqual(['0', 'EACCES']);
    expect(await policyStatus()).toMatchObject({ generation: waiting.generation });
    await applyPolicies([]);
    expect([readable(ONE), readable(OTHER), readable(NONE)]).toEqual(['0', '0', '0']);
  });

  test('fall back to nothing that nobody has confirmed', async () => {
    await applyPolicies([denying(ONE)]);
    await applyPolicies([denying(OTHER)], { confirmWithin: 600 });
    const keeping = () => applyPolicies([{ ...denying(BOTH), name: 'more' }], { keep: true });
    expect(await thrown(keeping)).toMatchObject({
      code: 'ERR_BPF_STATE',
      message: expect.stringContaining('confirm them or roll them back first'),
    });
    expect([readable(ONE), readable(OTHER), readable(BOTH)]).toEqual(['0', 'EACCES', '0']);
    await applyPolicies([denying(BOTH)], { confirmWithin: 1 });
    while (!(await policyStatus())?.expired) await sleep(50);
    expect([readable(ONE), readable(OTHER), readable(BOTH)]).toEqual(['EACCES', '0', '0']);
    expect((await keeping()).policies).toMatchObject([{ name: 'test' }, { name: 'more' }]);
    expect([readable(ONE), readable(OTHER), readable(BOTH)]).toEqual(['EACCES', '0', 'EACCES']);
    await applyPolicies([]);
  });

  test('are none when a removal was cut off', async () => {
    for (let i = 0; i < 3; i++) await applyPolicies([denying(ONE)]);
    {
      using objects = await KernelObjects.open('/sys/fs/bpf/bpf-lsm');
      new Generations(objects.maps).letGo();
    }
    expect(readable(ONE)).toBe('0');
    expect(await policyStatus()).toMatchObject({ policies: [] });
    const { policies } = await applyPolicies([{ ...denying(OTHER), name: 'only' }], { keep: true });
    expect(policies).toMatchObject([{ name: 'only' }]);
    expect([readable(ONE), readable(OTHER)]).toEqual(['0', 'EACCES']);
    expect(await removePolicies()).toBe(true);
    expect(readable(OTHER)).toBe('0');
  });

  test('fall back by themselves when nobody confirms, though the applying process is dead', async () => {
    await applyPolicies([denying(ONE)]);
    using child = new Child('apply-policies', ['4', OTHER]);
    expect(await child.message()).toBe('applied');
    child.kill('SIGKILL');
    await child.ended();
    let seen = readable(OTHER);
    expect(['EACCES', '0']).toContain(seen);
    while (seen !== '0') {
      await sleep(50);
      seen = readable(OTHER);
    }
    expect(readable(ONE)).toBe('EACCES');
    expect(await policyStatus()).toMatchObject({ expired: true, policies: [{ name: 'test' }] });
    expect(await thrown(() => confirmPolicies())).toMatchObject({ code: 'ERR_BPF_STATE' });
    // What comes next has what decides now to fall back to.
    await applyPolicies([denying(BOTH)]);
    await rollbackPolicies();
    expect([readable(ONE), readable(OTHER), readable(BOTH)]).toEqual(['EACCES', '0', '0']);
    await applyPolicies([]);
  });

  test('are the old or the new one whenever the applying process is killed', {
    timeout: 180_000,
  }, async () => {
    await applyPolicies([denying(ONE, BOTH)]);
    const seen = new Set<string>();
    for (const wait of [0, 150]) {
      using child = new Child('apply-policies', ['0', `${OTHER},${BOTH}`, `${ONE},${BOTH}`, 'again']);
      await child.message();
      await sleep(wait);
      child.kill('SIGKILL');
      await child.ended();
      const verdicts = [readable(ONE), readable(OTHER), readable(BOTH), readable(NONE)].join(' ');
      expect(['EACCES 0 EACCES 0', '0 EACCES EACCES 0']).toContain(verdicts);
      seen.add(verdicts);
      // A new process takes over what the dead one had.
      expect((await policyStatus())?.policies).toMatchObject([{ name: 'by-child', mode: 'enforce' }]);
    }
    await applyPolicies([denying(NONE)]);
    expect([readable(ONE), readable(BOTH), readable(NONE)]).toEqual(['0', '0', 'EACCES']);
    await applyPolicies([]);
    expect(seen.size).toBeGreaterThan(0);
  });

  test('are the old one, however far an application has come, and the new one when it is through', {
    timeout: 120_000,
  }, async () => {
    await applyPolicies([denying(ONE, BOTH)]);
    using objects = await KernelObjects.open('/sys/fs/bpf/bpf-lsm');
    const policies = [denying(OTHER, BOTH)];
    const next = compile(policies, {
      files: await resolveFiles(policies),
      scopes: [{ kind: 'host' }],
      constants: new Map(),
    });
    const verdicts = () => [ONE, OTHER, BOTH, NONE].map(readable);
    let steps = 0;
    for (let through = false; !through; steps++) {
      const generations = new Generations(stopping(objects.maps, steps));
      try {
        const { active } = generations.state;
        generations.switchTo({ active: generations.store(next), fallback: active, deadline_ns: 0n });
        through = true;
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        expect(verdicts()).toEqual(['EACCES', '0', 'EACCES', '0']);
      }
    }
    expect(steps).toBeGreaterThan(30);
    expect(verdicts()).toEqual(['0', 'EACCES', 'EACCES', '0']);
    await rollbackPolicies();
    expect(verdicts()).toEqual(['EACCES', '0', 'EACCES', '0']);
    await applyPolicies([]);
  });

  test('give no wrong verdict while they are switched a thousand times', { timeout: 180_000 }, async () => {
    await applyPolicies([denying(ONE, BOTH)]);
    await applyPolicies([denying(OTHER, BOTH)]);
    const storm = spawn(
      program('open_storm'),
      [ONE, OTHER, BOTH, NONE].map((directory) => `${directory}/file`),
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    let output = '';
    storm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    {
      using objects = await KernelObjects.open('/sys/fs/bpf/bpf-lsm');
      const generations = new Generations(objects.maps);
      for (let i = 0; i < 1000; i++) {
        const { active, fallback } = generations.state;
        generations.switchTo({ active: fallback, fallback: active, deadline_ns: 0n });
        if (i % 50 === 0) await sleep(5);
      }
    }
    storm.stdin.end();
    await new Promise((resolve) => storm.once('close', resolve));
    const [one, other, both, none] = output
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number)) as [number[], number[], number[], number[]];
    for (const changing of [one, other]) {
      expect(changing[0]).toBeGreaterThan(0);
      expect(changing[1]).toBeGreaterThan(0);
    }
    expect([both[0], none[1]]).toEqual([0, 0]);
    expect([one, other, both, none].map(([, , wrong]) => wrong)).toEqual([0, 0, 0, 0]);
    await applyPolicies([]);
  });
});
