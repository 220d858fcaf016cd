import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIRECTORY } from '../../src/policy/engine/engine-options.js';
import { KernelObjects } from '../../src/policy/engine/kernel-objects.js';
import { DOMAINS } from '../../src/policy/engine/layout.js';
import { domainId } from '../../src/policy/engine/scope.js';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  policyStatus,
  removePolicies,
} from '../../src/policy/index.js';
import { family } from '../support/family.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-scale';
const POLICIES = 64;
const BROTHERS = 15;
const RULES = 10_000;

/** Those that a process tries to open are in groups. */
const GROUP = 8;
const groupOf = (index: number) => `${ROOT}/file-${Math.floor(index / GROUP)}-`;
const fileOf = (index: number) => `${groupOf(index)}${index % GROUP}`;

beforeAll(() => {
  mkdirSync(ROOT);
  for (let index = 0; index < POLICIES; index++) writeFileSync(fileOf(index), '');
  writeFileSync(`${ROOT}/name-0`, '');
  writeFileSync(`${ROOT}/name-${RULES - 1}`, '');
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

const policyOf = (index: number) =>
  definePolicy({
    name: `policy-${index}`,
    scope: { domain: `domain-${index}` },
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: [{ path: fileOf(index) }] }],
  });

describe('many', () => {
  test('processes, of as many domains as there can be policies, are each held to their own', {
    timeout: 180_000,
  }, async () => {
    await applyPolicies(Array.from({ length: POLICIES }, (_, index) => policyOf(index)));
    using root = family();
    using objects = await KernelObjects.open(DIRECTORY);
    const all = Array.from({ length: POLICIES }, (_, index) => index);
    for (const index of all) {
      const pid = Number(await root.ask('fork', index));
      // As adoptIntoDomain() does, which opens the engine each time.
      const domains = [domainId(`domain-${index}`), ...Array<bigint>(DOMAINS - 1).fill(0n)];
      objects.maps.memberships.set(pid, { number: 0, count: 1, word: 0n, domains });
      for (let brother = 0; brother < BROTHERS; brother++) await root.ask(index, 'fork', brother);
    }
    const group = Array.from({ length: GROUP }, (_, index) => index);
    let right = 0;
    for (const index of all) {
      const others = group.filter((other) => other !== index % GROUP).join(',');
      for (let member = -1; member < BROTHERS; member++) {
        const to = member < 0 ? [index] : [index, member];
        if ((await root.ask(...to, 'allowed', groupOf(index), GROUP)) === others) right++;
      }
    }
    expect(right).toBe(POLICIES * (BROTHERS + 1));
    expect(await root.ask('allowed', groupOf(0), GROUP)).toBe(group.join(','));
    const status = await policyStatus();
    expect(status?.policies.map(({ denials }) => denials)).toEqual(
      all.map(() => ({ read: BigInt(BROTHERS + 1) })),
    );
    await applyPolicies([]);
    expect(await root.ask(0, 14, 'allowed', groupOf(0), GROUP)).toBe(group.join(','));
  });

  test('domains are too many for a task, which stays as it is', async () => {
    using inside = family();
    await applyPolicies([policyOf(0)]);
    using objects = await KernelObjects.open(DIRECTORY);
    const domains = Array.from({ length: DOMAINS }, (_, index) => domainId(`domain-${index}`));
    objects.maps.memberships.set(inside.pid, { number: 0, count: DOMAINS, word: 0n, domains });
    expect(await thrown(() => adoptIntoDomain('one-more', inside.pid))).toMatchObject({ code: 'E2BIG' });
    await adoptIntoDomain(`domain-${DOMAINS - 1}`, inside.pid);
    expect(await inside.ask('open', fileOf(0))).toBe('EACCES');
    expect(await inside.ask('open', fileOf(1))).toBe('0');
    await applyPolicies([]);
    expect(await inside.ask('open', fileOf(0))).toBe('0');
  });

  test('rules are as good as one', { timeout: 180_000 }, async () => {
    using inside = family();
    const objects = Array.from({ length: RULES }, (_, index) => ({ name: `name-${index}` }));
    const policy = definePolicy({
      name: 'large',
      scope: { domain: 'large' },
      mode: 'enforce',
      rules: [{ deny: ['read'], objects }],
    });
    const read = async () => [
      await inside.ask('open', `${ROOT}/name-0`),
      await inside.ask('open', `${ROOT}/name-${RULES - 1}`),
      await inside.ask('open', fileOf(0)),
    ];
    await applyPolicies([]);
    await adoptIntoDomain('large', inside.pid);
    expect(await read()).toEqual(['0', '0', '0']);
    await applyPolicies([policy]);
    expect(await read()).toEqual(['EACCES', 'EACCES', '0']);
    await applyPolicies([]);
    expect(await read()).toEqual(['0', '0', '0']);
  });
});
