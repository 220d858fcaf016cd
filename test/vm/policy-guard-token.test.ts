import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfMap } from '../../src/index.js';
import { Generations } from '../../src/policy/engine/generations.js';
import { Guard } from '../../src/policy/engine/guard.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import { Passage } from '../../src/policy/engine/passage.js';
import { readReport } from '../../src/policy/engine/report.js';
import {
  adoptIntoDomain,
  applyPolicies,
  confirmPolicies,
  definePolicy,
  policyStatus,
  printPolicies,
  removePolicies,
  rollbackPolicies,
  runInDomain,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Child } from '../support/child.js';
import { ENGINE, ROOT } from '../support/guarded-engine.js';
import {
  apply,
  guarded,
  leave,
  policy,
  removable,
  settle,
  TOKEN,
  withToken,
} from '../support/guarded-policy.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { Stopped } from '../support/stopping-maps.js';
import { thrown } from '../support/thrown.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

beforeAll(settle);
afterAll(leave);

describe('the token', () => {
  test('is needed for whatever changes anything, and not for the status', { timeout: 240_000 }, async () => {
    using member = new Helper(program('kernel_calls'));
    const domain = definePolicy({
      name: 'domain',
      scope: { domain: 'some' },
      mode: 'enforce',
      rules: [{ deny: ['chroot'] }],
    });
    await applyPolicies([domain], { directory: ENGINE });
    expect(removable()).toBe('0');
    await apply({ ...guarded, keep: true, confirmWithin: 600 });
    expect(removable()).toBe('EACCES');
    for (const [token, code] of [
      [undefined, 'ERR_BPF_GUARDED'],
      ['not the token of the day', 'ERR_BPF_GUARD_TOKEN'],
      ['short', 'ERR_BPF_ARGUMENT'],
    ] as const) {
      const where = { directory: ENGINE, ...(token !== undefined && { token }) };
      for (const call of [
        () => applyPolicies([], where),
        () =>
          applyPolicies([], {
            ...where,
            guard: { token: 'a new one for the guard' },
            ...(token === undefined && { token: 'which it was before' }),
          }),
        () => confirmPolicies(where),
        () => rollbackPolicies(where),
        () => removePolicies(where),
        () => runInDomain('some', ['true'], where),
        () => adoptIntoDomain('some', process.pid, where),
      ]) {
        const { code: found } = await thrown(call);
        expect([code, 'ERR_BPF_GUARD_TOKEN']).toContain(found);
      }
    }
    const told = await policyStatus({ directory: ENGINE });
    expect(told).toMatchObject({
      guarded: true,
      policies: [{ name: 'domain' }, { name: 'kept', mode: 'enforce', denials: { remove: 1n } }],
      expired: false,
      absent: [],
    });
    expect(await policyStatus(withToken)).toEqual({
      ...told,
      turnedAway: (await policyStatus({ directory: ENGINE }))?.turnedAway,
    });

    expect(await confirmPolicies(withToken)).toMatchObject({ confirmUntilNs: undefined });
    await rollbackPolicies(withToken);
    expect(removable()).toBe('0');
    await rollbackPolicies(withToken);
    expect(removable()).toBe('EACCES');
    const child = await runInDomain('some', ['true'], withToken);
    await new Promise((resolve) => child.once('close', resolve));
    await adoptIntoDomain('some', member.pid, withToken);
    expect(await member.ask('chroot', '/')).toBe('EACCES');

    // Nobody confirms: the kernel goes back by itself, guard or not.
    await applyPolicies([], { ...withToken, confirmWithin: 1 });
    while (!(await policyStatus({ directory: ENGINE }))?.expired) await sleep(50);
    expect(removable()).toBe('EACCES');

    // Another token does not count before all that it takes is done.
    {
      using passage = Passage.through(ENGINE, TOKEN);
      using keeper = await Guard.open(ENGINE);
      const stopped = new Proxy({} as KernelObjects, {
        get() {
          throw new Stopped();
        },
      });
      await expect(keeper.establish('the token of tomorrow', stopped, passage)).rejects.toThrow(Stopped);
    }
    expect(await policyStatus(withToken)).toMatchObject({
      guarded: true,
      policies: [{ name: 'domain' }, { name: 'kept' }],
    });

    // Another token, in place of the first.
    await apply({ token: TOKEN, guard: { token: 'the token of tomorrow' } });
    expect(await thrown(() => removePolicies(withToken))).toMatchObject({ code: 'ERR_BPF_GUARD_TOKEN' });
    expect(await removePolicies({ directory: ENGINE, token: 'the token of tomorrow' })).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
    expect(await policyStatus({ directory: ENGINE })).toBeUndefined();
  });

  test('leaves no room taken by what its holders have made', { timeout: 120_000 }, async () => {
    await apply(guarded);
    const guardedIds = async () => {
      using passage = Passage.through(ENGINE, TOKEN);
      expect(passage).toBeDefined();
      using map = BpfMap.open(`${ENGINE}/guarded`, { access: 'read' });
      return [...map.keys()].length;
    };
    await policyStatus(withToken);
    const before = await guardedIds();
    for (let i = 0; i < 3; i++) {
      await policyStatus(withToken);
      await rollbackPolicies(withToken);
    }
    // What the last call made may be gone only now.
    expect(await guardedIds()).toBeLessThan(before + 8);
    expect(await removePolicies(withToken)).toBe(true);
  });

  test('is enough to finish a removal that was cut off', { timeout: 120_000 }, async () => {
    for (const more of [guarded, withToken, withToken]) await apply(more);
    expect(removable()).toBe('EACCES');
    {
      using _passage = Passage.through(ENGINE, TOKEN);
      using objects = await KernelObjects.open(ENGINE);
      new Generations(objects.maps).letGo();
    }
    expect(removable()).toBe('0');
    expect(await policyStatus({ directory: ENGINE })).toMatchObject({ guarded: true, policies: [] });
    expect(await thrown(() => removePolicies({ directory: ENGINE }))).toMatchObject({
      code: 'ERR_BPF_GUARDED',
    });
    expect(await removePolicies(withToken)).toBe(true);
    expect(existsSync(ENGINE)).toBe(false);
  });

  test('is enough to finish what a process was killed at', { timeout: 600_000 }, async () => {
    const pins = () =>
      existsSync(`${ENGINE}/guard_links`) ? readdirSync(`${ENGINE}/guard_links`).length : 0;
    const armed = () => readReport(ENGINE)?.armed === true;
    const killedAt = async (moment: () => boolean) => {
      using child = new Child('apply-guarded', [ENGINE, TOKEN, `${ROOT}/kept`]);
      while (!moment()) await sleep(20);
      child.kill('SIGKILL');
      await child.ended();
    };
    // A part of the guard is attached; on a busy machine more may be there when the process is killed.
    do {
      await removePolicies(withToken);
      await killedAt(() => pins() >= 5);
    } while (armed());
    expect(await removePolicies(withToken)).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
    // It is armed, and the policies may be in force or not yet.
    await killedAt(armed);
    expect([armed(), attempt(() => unlinkSync(`${ENGINE}/control`))]).toEqual([true, 'EPERM']);
    expect(await apply({ token: TOKEN })).toMatchObject({
      guarded: true,
      absent: [],
      policies: [{ name: 'kept' }],
    });
    expect(removable()).toBe('EACCES');
    expect(await removePolicies(withToken)).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
  });
});

test('the commands take the token from a file', { timeout: 600_000 }, () => {
  const [file, token] = [`${ROOT}/kept.yaml`, `${ROOT}/token`];
  writeFileSync(file, printPolicies([policy]));
  const call = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args, '--directory', ENGINE], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  expect(call('apply', '--guard', '--token-file', token, file)).toMatchObject({
    status: 0,
    stderr: `The token is in ${token}.\n`,
  });
  expect(statSync(token).mode & 0o777).toBe(0o600);
  expect(removable()).toBe('EACCES');
  expect(call('status').stdout).toMatch(/^kept {2}enforce\n.*\nGuarded: turned away 0, wrong tokens 0\.\n/);
  expect(call('remove')).toMatchObject({ status: 1, stderr: expect.stringContaining('--token-file') });
  expect(call('remove', '--token-file', token)).toMatchObject({ status: 0, stdout: 'Removed.\n' });
  expect(removable()).toBe('0');
});
