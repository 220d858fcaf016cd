import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  type PolicyInput,
  removePolicies,
  runInDomain,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

const ROOT = '/dev/shm/policy-scopes';
const [ONE, OTHER] = [`${ROOT}/one`, `${ROOT}/other`];
const CGROUP = '/sys/fs/cgroup/policy-scopes';

beforeAll(() => {
  mkdirSync(ROOT);
  for (const path of [ONE, OTHER]) writeFileSync(path, '');
  mkdirSync(`${CGROUP}/below/deeper`, { recursive: true });
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
  for (const path of [`${CGROUP}/below/deeper`, `${CGROUP}/below`, CGROUP]) rmdirSync(path);
});

function denying(path: string, scope: PolicyInput['scope'], name = 'test') {
  return definePolicy({
    name,
    scope,
    mode: 'enforce',
    rules: [{ deny: ['read'], objects: [{ path }] }],
  });
}

/** What a shell in a domain says of reading the files: by itself, a child, and a grandchild. */
const READ = `r() { cat "$1" >/dev/null 2>&1 && echo 0 || echo denied; }; : < ${ONE} && echo 0 || echo denied; r ${ONE}; sh -c 'sh -c "cat ${ONE} >/dev/null 2>&1; echo \\$?"'; r ${OTHER}`;

async function said(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  return text.trim().split('\n').join(' ');
}

const inDomain = async (domain: string, command: [string, ...string[]]) =>
  said(
    await runInDomain(domain, command, { unheld: 'accept', spawn: { stdio: ['ignore', 'pipe', 'ignore'] } }),
  );

describe('the scope of a policy', () => {
  test('is a domain: of a command and its descendants, and nobody else', async () => {
    await applyPolicies([denying(ONE, { domain: 'jail' })]);
    expect(await inDomain('jail', ['bash', '-c', READ])).toBe('denied denied 1 0');
    expect(await inDomain('elsewhere', ['bash', '-c', READ])).toBe('0 0 0 0');
    expect(attempt(() => readFileSync(ONE))).toBe('0');
    await applyPolicies([]);
    expect(await inDomain('jail', ['bash', '-c', READ])).toBe('0 0 0 0');
  });

  test('holds a command from its start, or it is not started', async () => {
    await applyPolicies([denying(ONE, { domain: 'jail' })]);
    expect(await thrown(() => runInDomain('jial', ['true']))).toMatchObject({
      code: 'ERR_BPF_STATE',
      message: expect.stringContaining('those in force are for jail'),
    });
    const child = await runInDomain('jail', ['cat', ONE], { spawn: { stdio: 'pipe' } });
    expect(child.stderr).not.toBeNull();
    expect(await said(child)).toBe('');
    expect(child.exitCode).toBe(1);
    const heard = await runInDomain('jail', ['echo', 'heard'], { spawn: { stdio: ['ignore', 'pipe'] } });
    expect([heard.stderr === null, await said(heard)]).toEqual([false, 'heard']);
    await applyPolicies([]);
    expect(await thrown(() => runInDomain('jail', ['true']))).toMatchObject({ code: 'ERR_BPF_STATE' });
  });

  test('follows what is applied, in processes that run already', async () => {
    using helper = new Helper(program('open_ways'));
    await applyPolicies([denying(ONE, { domain: 'jail' })]);
    expect(await helper.ask('open', ONE)).toBe('0');
    await adoptIntoDomain('jail', helper.pid);
    expect(await helper.ask('open', ONE)).toBe('EACCES');
    expect(await helper.ask('open', OTHER)).toBe('0');
    await applyPolicies([denying(OTHER, { domain: 'jail' })]);
    expect([await helper.ask('open', ONE), await helper.ask('open', OTHER)]).toEqual(['0', 'EACCES']);
    // A further domain only adds.
    await applyPolicies([denying(OTHER, { domain: 'jail' }), denying(ONE, { domain: 'cell' }, 'more')]);
    expect([await helper.ask('open', ONE), await helper.ask('open', OTHER)]).toEqual(['0', 'EACCES']);
    await adoptIntoDomain('cell', helper.pid);
    expect([await helper.ask('open', ONE), await helper.ask('open', OTHER)]).toEqual(['EACCES', 'EACCES']);
    await applyPolicies([]);
    expect([await helper.ask('open', ONE), await helper.ask('open', OTHER)]).toEqual(['0', '0']);
  });

  test('is a cgroup with those beneath it', async () => {
    const inside = (cgroup: string, path: string) =>
      spawnSync('/bin/sh', ['-c', `echo $$ > ${cgroup}/cgroup.procs; cat ${path} > /dev/null 2>&1`]).status;
    const all = () => [
      inside('/sys/fs/cgroup', ONE),
      inside(CGROUP, ONE),
      inside(`${CGROUP}/below`, ONE),
      inside(`${CGROUP}/below/deeper`, ONE),
      inside(`${CGROUP}/below/deeper`, OTHER),
    ];
    expect(all()).toEqual([0, 0, 0, 0, 0]);
    await applyPolicies([denying(ONE, { cgroup: '/policy-scopes/below' })]);
    expect(all()).toEqual([0, 0, 1, 1, 0]);
    await applyPolicies([]);
    expect(all()).toEqual([0, 0, 0, 0, 0]);
  });
});
