import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptIntoDomain, applyPolicies, type PolicyInput, removePolicies } from '../../src/policy/index.js';
import { Helper } from '../support/helper.js';
import { denials, JAIL, jailed, prisoner } from '../support/jail.js';
import { program } from '../support/objects.js';

const ROOT = '/dev/shm/policy-conditions';
const [FILE, OTHER, FREE] = [`${ROOT}/file`, `${ROOT}/other`, `${ROOT}/free`];

beforeAll(() => {
  mkdirSync(`${ROOT}/below/deeper`, { recursive: true });
  for (const path of [FILE, OTHER, FREE]) writeFileSync(path, '');
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

function denying(path: string, when: PolicyInput['when'], name = 'test') {
  return jailed([{ deny: ['read'], objects: [{ path }] }], { when, name });
}

/** What opening a file comes to, with each of these ids. */
async function withEach(helper: Helper, kind: 'uid' | 'gid', ids: readonly number[], path = FILE) {
  const results: string[] = [];
  for (const id of ids) {
    expect(await helper.ask(kind, id)).toBe('0');
    results.push(await helper.ask('hold', path, 'r'));
    expect(await helper.ask('hold', FREE, 'r')).toBe('0');
    expect(await helper.ask(kind, 0)).toBe('0');
  }
  return results;
}

describe('a policy for some ids', () => {
  for (const kind of ['uid', 'gid'] as const) {
    test(`governs who has one of them as its effective or its real ${kind}`, async () => {
      using helper = await prisoner();
      using real = new Helper(program('file_ways'), ['setpriv', `--r${kind}`, '1234', '--keep-groups']);
      const when = {
        [`${kind}s`]: [1234, { from: 2000, to: 2999 }, { from: 4_000_000_000, to: 4_294_967_294 }],
      };
      const held = [1234, 2000, 2047, 2048, 2999, 4_000_000_000, 4_294_967_294];
      const others = [0, 1233, 1235, 1999, 3000, 3_999_999_999];
      const all = [...held, ...others];
      const free = all.map(() => '0');
      expect(await withEach(helper, kind, all)).toEqual(free);
      await applyPolicies([denying(FILE, when)]);
      expect(await real.ask('hold', FILE, 'r')).toBe('0');
      await adoptIntoDomain(JAIL, real.pid);
      expect(await withEach(helper, kind, all)).toEqual([
        ...held.map(() => 'EACCES'),
        ...others.map(() => '0'),
      ]);
      expect(await denials('read')).toBe(BigInt(held.length));
      expect(await real.ask('hold', FILE, 'r')).toBe('EACCES');
      expect(await real.ask('hold', OTHER, 'r')).toBe('0');
      await applyPolicies([]);
      expect(await withEach(helper, kind, all)).toEqual(free);
      expect(await real.ask('hold', FILE, 'r')).toBe('0');
    });
  }

  test('governs beside others for more of them, or for fewer', async () => {
    using helper = await prisoner();
    await applyPolicies([
      denying(FILE, { uids: [{ from: 1000, to: 1999 }] }, 'many'),
      denying(OTHER, { uids: [1500], gids: [{ from: 0, to: 10 }] }, 'one'),
      denying(OTHER, { uids: [{ from: 0, to: 4_294_967_294 }], gids: [77] }, 'none'),
    ]);
    expect(await withEach(helper, 'uid', [0, 1400, 1500])).toEqual(['0', 'EACCES', 'EACCES']);
    expect(await withEach(helper, 'uid', [0, 1400, 1500], OTHER)).toEqual(['0', '0', 'EACCES']);
    expect(await withEach(helper, 'gid', [0, 77], OTHER)).toEqual(['0', 'EACCES']);
    await applyPolicies([]);
    expect(await withEach(helper, 'uid', [1400, 1500], OTHER)).toEqual(['0', '0']);
  });
});

describe('a policy for some executables', () => {
  const [ONE, TWO] = [`${ROOT}/one`, `${ROOT}/below/deeper/two`];
  let helpers: Record<string, Helper>;

  beforeAll(async () => {
    for (const path of [ONE, TWO]) copyFileSync(program('file_ways'), path);
    linkSync(ONE, `${ROOT}/below/linked`);
    symlinkSync(ONE, `${ROOT}/symbolic`);
    helpers = {
      one: new Helper(ONE),
      'by a link': new Helper(`${ROOT}/below/linked`),
      'by a symbolic link': new Helper(`${ROOT}/symbolic`),
      two: new Helper(TWO),
      other: new Helper(program('file_ways')),
    };
    await applyPolicies([]);
    for (const helper of Object.values(helpers)) {
      expect(await helper.ask('hold', FREE, 'r')).toBe('0');
      await adoptIntoDomain(JAIL, helper.pid);
    }
  });
  afterAll(() => {
    for (const helper of Object.values(helpers)) helper[Symbol.dispose]();
  });

  async function denied(): Promise<string[]> {
    const names: string[] = [];
    for (const [name, helper] of Object.entries(helpers)) {
      expect(await helper.ask('hold', FREE, 'r')).toBe('0');
      const answer = await helper.ask('hold', FILE, 'r');
      if (answer !== '0') names.push(name);
      expect(['0', 'EACCES']).toContain(answer);
    }
    return names;
  }

  test('governs what runs one of them', async () => {
    expect(await denied()).toEqual([]);
    await applyPolicies([denying(FILE, { executables: [{ path: ONE }] })]);
    expect(await denied()).toEqual(['one', 'by a link', 'by a symbolic link']);
    expect(await denials('read')).toBe(3n);
    await applyPolicies([denying(FILE, { executables: [{ beneath: `${ROOT}/below` }] })]);
    expect(await denied()).toEqual(['by a link', 'two']);
    await applyPolicies([
      denying(FILE, { executables: [{ beneath: `${ROOT}/below/deeper` }, { path: ONE }] }),
    ]);
    expect(await denied()).toEqual(['one', 'by a link', 'by a symbolic link', 'two']);
    await applyPolicies([denying(FILE, { executables: [{ beneath: ROOT }], uids: [1] })]);
    expect(await denied()).toEqual([]);
    await applyPolicies([]);
    expect(await denied()).toEqual([]);
  });

  test('governs what takes the place of one of them', async () => {
    await applyPolicies([denying(FILE, { executables: [{ path: TWO }] })]);
    expect(await denied()).toEqual(['two']);
    copyFileSync(program('file_ways'), `${ROOT}/new`);
    renameSync(`${ROOT}/new`, TWO);
    using replaced = new Helper(TWO);
    expect(await replaced.ask('hold', FILE, 'r')).toBe('0');
    await adoptIntoDomain(JAIL, replaced.pid);
    expect(await replaced.ask('hold', FILE, 'r')).toBe('EACCES');
    await applyPolicies([]);
    expect(await replaced.ask('hold', FILE, 'r')).toBe('0');
  });
});
