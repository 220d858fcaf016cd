import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  applyPolicies,
  definePolicy,
  type PolicyInput,
  policyStatus,
  removePolicies,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

const ROOT = '/dev/shm/policy-files';
const GUARDED = `${ROOT}/guarded`;
const FREE = `${ROOT}/free`;

beforeAll(() => {
  for (const directory of [GUARDED, FREE]) mkdirSync(directory, { recursive: true });
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

function policy(rules: PolicyInput['rules'], more: Partial<PolicyInput> = {}) {
  return definePolicy({ name: 'test', scope: 'host', mode: 'enforce', rules, ...more } as PolicyInput);
}

const allZero = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, '0']));

/** Opens and truncates the file of a directory in all ways. */
async function everything(directory: string): Promise<Record<string, string>> {
  const file = `${directory}/file`;
  const open = (flags: number) => attempt(() => closeSync(openSync(file, flags)));
  using helper = new Helper(program('open_ways'));
  return {
    read: open(constants.O_RDONLY),
    write: open(constants.O_WRONLY),
    both: open(constants.O_RDWR),
    append: open(constants.O_WRONLY | constants.O_APPEND),
    truncate: await helper.ask('truncate', file),
    ftruncate: await helper.ask('ftruncate', file),
  };
}

const OPERATIONS = ['read', 'write', 'append', 'truncate'] as const;

function entries(directory: string): Record<string, string> {
  const spare = `${ROOT}/spare`;
  writeFileSync(spare, '');
  const done = {
    create: attempt(() => writeFileSync(`${directory}/new`, '')),
    mkdir: attempt(() => mkdirSync(`${directory}/below`)),
    symlink: attempt(() => symlinkSync('/', `${directory}/symlink`)),
    link: attempt(() => linkSync(spare, `${directory}/link`)),
    'rename into': attempt(() => renameSync(spare, `${directory}/renamed`)),
  };
  rmSync(spare, { force: true });
  return done;
}

describe('a policy on files, host-wide', () => {
  test('denies beneath a directory what it names, and nothing else', async () => {
    for (const operation of [...OPERATIONS, 'nothing']) {
      mkdirSync(`${GUARDED}/${operation}`);
      writeFileSync(`${GUARDED}/${operation}/file`, '');
    }
    const all = async () =>
      Object.fromEntries(
        await Promise.all(
          [...OPERATIONS, 'nothing'].map(async (name) => [name, await everything(`${GUARDED}/${name}`)]),
        ),
      );
    const before = await all();
    await applyPolicies([
      policy(
        OPERATIONS.map((operation) => ({
          deny: [operation],
          objects: [{ beneath: `${GUARDED}/${operation}` }],
        })),
      ),
    ]);
    const during = await all();
    await applyPolicies([]);
    const after = await all();
    const none = allZero(before.read);
    expect(before).toEqual(Object.fromEntries(Object.keys(before).map((name) => [name, none])));
    expect(during).toEqual({
      read: { ...none, read: 'EACCES', both: 'EACCES' },
      // ftruncate(2) takes a descriptor that is open for writing.
      write: { ...none, write: 'EACCES', both: 'EACCES', ftruncate: 'EACCES' },
      append: { ...none, append: 'EACCES' },
      truncate: { ...none, truncate: 'EACCES', ftruncate: 'EACCES' },
      nothing: none,
    });
    expect(after).toEqual(before);
  });

  test('denies to create, and to rename and link into', async () => {
    for (const [directory, expected] of [
      [GUARDED, 'EACCES'],
      [FREE, '0'],
    ] as const) {
      await applyPolicies([policy([{ deny: ['create'], objects: [{ beneath: GUARDED }] }])]);
      const during = entries(directory);
      await applyPolicies([]);
      expect(during).toEqual(Object.fromEntries(Object.keys(during).map((name) => [name, expected])));
      for (const name of ['new', 'below', 'symlink', 'link', 'renamed']) {
        rmSync(`${directory}/${name}`, { recursive: true, force: true });
      }
      const after = entries(directory);
      expect(after).toEqual(allZero(after));
      for (const name of Object.keys({ new: 0, below: 0, symlink: 0, link: 0, renamed: 0 })) {
        rmSync(`${directory}/${name}`, { recursive: true, force: true });
      }
    }
  });

  test('denies to remove and to rename away', async () => {
    mkdirSync(`${GUARDED}/directory`);
    writeFileSync(`${GUARDED}/removed`, '');
    writeFileSync(`${FREE}/removed`, '');
    const rules = [{ deny: ['remove'], objects: [{ beneath: GUARDED }] }] as const;
    await applyPolicies([policy(rules)]);
    expect(attempt(() => unlinkSync(`${GUARDED}/removed`))).toBe('EACCES');
    expect(attempt(() => rmdirSync(`${GUARDED}/directory`))).toBe('EACCES');
    expect(attempt(() => renameSync(`${GUARDED}/removed`, `${FREE}/taken`))).toBe('EACCES');
    expect(attempt(() => unlinkSync(`${FREE}/removed`))).toBe('0');
    await applyPolicies([]);
    expect(attempt(() => renameSync(`${GUARDED}/removed`, `${FREE}/taken`))).toBe('0');
    expect(attempt(() => unlinkSync(`${FREE}/taken`))).toBe('0');
    expect(attempt(() => rmdirSync(`${GUARDED}/directory`))).toBe('0');
  });

  test('denies to execute a program, and a script whose interpreter it is', async () => {
    copyFileSync('/bin/true', `${GUARDED}/true`);
    copyFileSync('/bin/true', `${FREE}/true`);
    writeFileSync(`${FREE}/script`, `#!${GUARDED}/true\n`, { mode: 0o755 });
    const run = (path: string) => {
      const { status: code, error } = spawnSync(path);
      return (error as NodeJS.ErrnoException | undefined)?.code ?? code;
    };
    const all = () => [run(`${GUARDED}/true`), run(`${FREE}/script`), run(`${FREE}/true`)];
    expect(all()).toEqual([0, 0, 0]);
    await applyPolicies([policy([{ deny: ['exec'], objects: [{ path: `${GUARDED}/true` }] }])]);
    expect(all()).toEqual(['EACCES', 'EACCES', 0]);
    expect(attempt(() => readFileSync(`${GUARDED}/true`))).toBe('0');
    await applyPolicies([]);
    expect(all()).toEqual([0, 0, 0]);
  });

  test('lets the nearest rule win: a file in a directory, and one in it', async () => {
    mkdirSync(`${GUARDED}/open/closed`, { recursive: true });
    for (const path of ['a', 'open/b', 'open/closed/c', 'open/closed/d'])
      writeFileSync(`${GUARDED}/${path}`, '');
    const read = (path: string) => attempt(() => readFileSync(`${GUARDED}/${path}`));
    await applyPolicies([
      policy([
        { deny: ['read'], objects: [{ beneath: GUARDED }] },
        { allow: ['read'], objects: [{ beneath: `${GUARDED}/open` }] },
        { deny: ['read'], objects: [{ beneath: `${GUARDED}/open/closed` }] },
        { allow: ['read'], objects: [{ path: `${GUARDED}/open/closed/d` }] },
      ]),
    ]);
    const during = ['a', 'open/b', 'open/closed/c', 'open/closed/d'].map(read);
    await applyPolicies([]);
    expect(during).toEqual(['EACCES', '0', 'EACCES', '0']);
    expect(['a', 'open/b', 'open/closed/c', 'open/closed/d'].map(read)).toEqual(['0', '0', '0', '0']);
  });

  test('keeps to names of files that do not exist yet, and that are replaced', async () => {
    const long = 'n'.repeat(200);
    const paths = [`${GUARDED}/later`, `${GUARDED}/${long}`, `${GUARDED}/${'e'.repeat(32)}`];
    writeFileSync(`${GUARDED}/replaced`, 'old');
    await applyPolicies([
      policy([{ deny: ['read'], objects: [...paths, `${GUARDED}/replaced`].map((path) => ({ path })) }]),
    ]);
    for (const path of [...paths, `${GUARDED}/${long}o`]) writeFileSync(path, '');
    writeFileSync(`${FREE}/new`, 'new');
    renameSync(`${FREE}/new`, `${GUARDED}/replaced`);
    const during = [...paths, `${GUARDED}/replaced`].map((path) => attempt(() => readFileSync(path)));
    const beside = attempt(() => readFileSync(`${GUARDED}/${long}o`));
    await applyPolicies([]);
    expect(during).toEqual(['EACCES', 'EACCES', 'EACCES', 'EACCES']);
    expect(beside).toBe('0');
    expect(readFileSync(`${GUARDED}/replaced`, 'utf8')).toBe('new');
  });

  test('counts, and denies nothing, in audit mode', async () => {
    writeFileSync(`${GUARDED}/audited`, '');
    const rules = [{ deny: ['read'], objects: [{ path: `${GUARDED}/audited` }] }] as const;
    const read = () => attempt(() => readFileSync(`${GUARDED}/audited`));
    await applyPolicies([policy(rules, { mode: 'audit' })]);
    expect([read(), read()]).toEqual(['0', '0']);
    expect(await policyStatus()).toMatchObject({
      policies: [{ name: 'test', mode: 'audit', denials: { read: 2n } }],
    });
    await applyPolicies([policy(rules)]);
    expect(read()).toBe('EACCES');
    expect(await policyStatus()).toMatchObject({
      policies: [{ name: 'test', mode: 'enforce', denials: { read: 1n } }],
      lost: 0n,
    });
    await applyPolicies([policy(rules, { errno: 'EPERM' })]);
    expect(read()).toBe('EPERM');
    await applyPolicies([]);
    expect(read()).toBe('0');
  });

  test('lets a denial of any policy win', async () => {
    writeFileSync(`${GUARDED}/shared`, '');
    const read = () => attempt(() => readFileSync(`${GUARDED}/shared`));
    const rule = (effect: 'allow' | 'deny') =>
      [{ [effect]: ['read'], objects: [{ beneath: GUARDED }] }] as never;
    const named = (name: string, effect: 'allow' | 'deny') => policy(rule(effect), { name });
    await applyPolicies([named('one', 'allow'), named('two', 'deny'), named('three', 'allow')]);
    expect(read()).toBe('EACCES');
    expect((await policyStatus())?.policies.map(({ denials }) => denials)).toEqual([{}, { read: 1n }, {}]);
    await applyPolicies([named('one', 'allow'), named('three', 'allow')]);
    expect(read()).toBe('0');
    await applyPolicies([]);
  });
});
