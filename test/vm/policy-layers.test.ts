import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Link } from '../../src/index.js';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  type PolicyInput,
  policyStatus,
  removePolicies,
  rollbackPolicies,
} from '../../src/policy/index.js';
import { asked, family, familyIn } from '../support/family.js';
import type { Helper } from '../support/helper.js';
import { every } from '../support/jail.js';
import { NOBODY } from '../support/ordinary-user.js';

const ROOT = '/dev/shm/policy-layers';
const [ONE, OTHER, SHUT] = [`${ROOT}/one`, `${ROOT}/other`, `${ROOT}/shut`];
const PINS = '/sys/fs/bpf/bpf-lsm';

/** In no domain, and there before all policies. */
let sibling: Helper;

beforeAll(() => {
  mkdirSync(ROOT);
  for (const path of [ONE, OTHER]) writeFileSync(path, '');
  writeFileSync(SHUT, '', { mode: 0 });
  sibling = family();
});
afterAll(async () => {
  sibling[Symbol.dispose]();
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

function policy(domain: string, rules: PolicyInput['rules'], more: Partial<PolicyInput> = {}) {
  return definePolicy({ name: domain, scope: { domain }, mode: 'enforce', rules, ...more });
}

const reading = (...paths: string[]): PolicyInput['rules'] => [
  { deny: ['read'], objects: paths.map((path) => ({ path })) },
];

const counters = async () => (await policyStatus())?.policies.map(({ denials }) => denials);

describe('a domain', { timeout: 120_000 }, () => {
  // A child, its child, a thread, and the child of that.
  const DESCENDANTS = ['', '1', '1 1', '2', '2 1'];

  test('holds its command and all that come from it, and follows what is applied while they run', async () => {
    await applyPolicies([policy('jail', reading(OTHER))]);
    using inside = await familyIn('jail');
    for (const line of ['fork 1', '1 fork 1', 'thread 2', '2 fork 1']) await inside.ask(line);
    const loops = ['', '1', '1 1'];
    expect(await asked(inside, `loop ${ONE}`, ...loops)).toEqual(every(loops, '0'));
    expect(await sibling.ask('loop', ONE)).toBe('0');
    const all = async () => ({
      loops: await asked(inside, 'seen', ...loops),
      one: await asked(inside, `open ${ONE}`, ...DESCENDANTS),
      other: await asked(inside, `open ${OTHER}`, ...DESCENDANTS),
      vfork: await asked(inside, `vfork ${ONE}`, '', '1'),
      sibling: [await sibling.ask('seen'), await sibling.ask('open', OTHER)],
    });
    const expected = (one: string, other: string) => ({
      loops: every(loops, one),
      one: every(DESCENDANTS, one),
      other: every(DESCENDANTS, other),
      vfork: every(['', '1'], one),
      sibling: ['0', '0'],
    });
    expect(await all()).toEqual(expected('0', 'EACCES'));
    await applyPolicies([policy('jail', reading(ONE))]);
    expect(await all()).toEqual(expected('EACCES', '0'));
    await rollbackPolicies();
    expect(await all()).toEqual(expected('0', 'EACCES'));
    await applyPolicies([]);
    expect(await all()).toEqual(expected('0', '0'));
  });

  test('adds to another, and what is in both cannot get rid of either, as root', async () => {
    const locked = policy('outer', [
      ...reading(ONE),
      { deny: ['create', 'remove', 'rename', 'mount-on'], objects: [{ beneath: '/sys/fs/bpf' }] },
      { deny: ['bpf', 'umount', 'mount', 'move-mount'] },
    ]);
    await applyPolicies([locked, policy('inner', reading(ONE, OTHER))]);
    using inside = await familyIn('outer');
    expect([await inside.ask('open', ONE), await inside.ask('open', OTHER)]).toEqual(['EACCES', '0']);
    await adoptIntoDomain('inner', inside.pid);
    const [link = ''] = readdirSync(`${PINS}/links`);
    const attempts = {
      [`open ${ONE}`]: 'EACCES',
      [`open ${OTHER}`]: 'EACCES',
      bpf: 'EACCES',
      [`unlink ${PINS}/control`]: 'EACCES',
      [`unlink ${PINS}/links/${link}`]: 'EACCES',
      [`rename ${PINS}/links/${link} ${PINS}/links/taken`]: 'EACCES',
      [`rename ${PINS} /sys/fs/bpf/taken`]: 'EACCES',
      'umount /sys/fs/bpf': 'EACCES',
      [`mount ${ROOT} ${PINS}`]: 'EACCES',
    };
    await inside.ask('fork', 1);
    for (const member of ['', '1']) {
      const said: Record<string, string> = {};
      for (const line of Object.keys(attempts)) said[line] = await inside.ask(`${member} ${line}`.trim());
      expect(said).toEqual(attempts);
    }
    expect(await sibling.ask('bpf')).toBe('0');
    expect([await sibling.ask('open', ONE), await sibling.ask('open', OTHER)]).toEqual(['0', '0']);
    // Three of ONE, two of them from within both; two of OTHER.
    expect(await counters()).toMatchObject([{ read: 3n, bpf: 2n, umount: 2n }, { read: 4n }]);
    await applyPolicies([]);
    expect([await inside.ask('open', ONE), await inside.ask('open', OTHER)]).toEqual(['0', '0']);
    expect(await inside.ask('bpf')).toBe('0');
  });
});

describe('a denial', () => {
  test('comes after that of the mode of the file, with the errno of the policy', async () => {
    using inside = family();
    await applyPolicies([policy('user', reading(SHUT, ONE))]);
    await adoptIntoDomain('user', inside.pid);
    await inside.ask('uid', NOBODY);
    const both = async () => [await inside.ask('open', SHUT), await inside.ask('open', ONE)];
    expect(await inside.ask('open', SHUT)).toBe('EACCES');
    expect(await counters()).toEqual([{}]);
    expect(await both()).toEqual(['EACCES', 'EACCES']);
    expect(await counters()).toEqual([{ read: 1n }]);
    await applyPolicies([policy('user', reading(SHUT, ONE), { errno: 'EPERM' })]);
    expect(await both()).toEqual(['EACCES', 'EPERM']);
    expect(await counters()).toEqual([{ read: 1n }]);
    expect(await sibling.ask('open', SHUT)).toBe('0');
    await applyPolicies([]);
    expect(await both()).toEqual(['EACCES', '0']);
  });

  test('is only counted, or happens, as the mode says, by the same programs', async () => {
    using inside = family();
    const attached = () =>
      Object.fromEntries(
        readdirSync(`${PINS}/links`).map((pin) => {
          using link = Link.open(`${PINS}/links/${pin}`);
          return [pin, [link.id, link.info().programId]];
        }),
      );
    const audited = (mode: 'audit' | 'enforce') => [policy('moded', reading(ONE), { mode })];
    await applyPolicies(audited('audit'));
    await adoptIntoDomain('moded', inside.pid);
    await inside.ask('loop', ONE);
    const programs = attached();
    expect([await inside.ask('open', ONE), await inside.ask('seen')]).toEqual(['0', '0']);
    expect((await counters())?.[0]?.read).toBeGreaterThan(1n);
    await applyPolicies(audited('enforce'));
    expect([await inside.ask('open', ONE), await inside.ask('seen')]).toEqual(['EACCES', 'EACCES']);
    expect(await inside.ask('open', OTHER)).toBe('0');
    expect(attached()).toEqual(programs);
    await rollbackPolicies();
    expect([await inside.ask('open', ONE), await inside.ask('seen')]).toEqual(['0', '0']);
    expect(attached()).toEqual(programs);
    await applyPolicies([]);
  });
});

describe('what is allowed of a tree that is denied', () => {
  test('is a directory alone, or all beneath it, by whatever name it goes', {
    timeout: 120_000,
  }, async () => {
    const tree = `${ROOT}/tree`;
    for (const path of ['alone/below', 'all/below']) mkdirSync(`${tree}/${path}`, { recursive: true });
    for (const path of ['alone', 'all', 'all/below']) writeFileSync(`${tree}/${path}/file`, '');
    using inside = family();
    const read = (alone: string, all: string) =>
      asked(
        inside,
        '',
        ...['', alone, `${alone}/below`, `${alone}/file`, all, `${all}/below`, `${all}/below/file`].map(
          (path) => `open ${tree}/${path}`,
        ),
      ).then((said) => Object.values(said));
    const only = ['EACCES', '0', 'EACCES', 'EACCES', '0', '0', '0'];
    const free = ['0', '0', '0', '0', '0', '0', '0'];
    await applyPolicies([]);
    await adoptIntoDomain('tree', inside.pid);
    expect(await read('alone', 'all')).toEqual(free);
    await applyPolicies([
      policy('tree', [
        { deny: ['read'], objects: [{ beneath: tree }] },
        { allow: ['read'], objects: [{ path: `${tree}/alone` }, { beneath: `${tree}/all` }] },
      ]),
    ]);
    expect(await read('alone', 'all')).toEqual(only);
    for (const name of ['alone', 'all']) renameSync(`${tree}/${name}`, `${tree}/renamed-${name}`);
    expect(await read('renamed-alone', 'renamed-all')).toEqual(only);
    expect(await sibling.ask('open', `${tree}/renamed-alone/file`)).toBe('0');
    await applyPolicies([]);
    expect(await read('renamed-alone', 'renamed-all')).toEqual(free);
  });
});
