import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyPolicies, definePolicy, policyStatus, removePolicies } from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

const ROOT = '/dev/shm/policy-bypasses';
const SECRET = `${ROOT}/secret`;
const FILE = `${SECRET}/below/file`;
// With a second name outside, from before: by its handle it may be opened under that name too, so it is another file.
const LINKED = `${SECRET}/linked`;
const FREE = `${ROOT}/free`;
const MOUNTED = `${SECRET}/mounted`;
// 300 levels: more than the engine's plain loop takes.
const DEEP = `${SECRET}${'/d'.repeat(300)}`;

const run = (command: string) => spawnSync('/bin/sh', ['-c', command]).status;

beforeAll(() => {
  for (const directory of [`${SECRET}/below`, FREE, MOUNTED, DEEP]) mkdirSync(directory, { recursive: true });
  run(`mount -t tmpfs tmpfs ${MOUNTED}`);
  for (const path of [FILE, LINKED, `${FREE}/file`, `${MOUNTED}/file`, `${DEEP}/file`])
    writeFileSync(path, 'content');
  symlinkSync(FILE, `${FREE}/symlink`);
  linkSync(LINKED, `${FREE}/hard`);
  for (const name of ['bind', 'bind-below', 'bind-mounted']) mkdirSync(`${ROOT}/${name}`);
  run(`mount --bind ${SECRET} ${ROOT}/bind`);
  run(`mount --bind ${SECRET}/below ${ROOT}/bind-below`);
  run(`mount --bind ${MOUNTED} ${ROOT}/bind-mounted`);
});

afterAll(async () => {
  await removePolicies();
  for (const name of ['bind', 'bind-below', 'bind-mounted', 'secret/mounted']) run(`umount ${ROOT}/${name}`);
  rmSync(ROOT, { recursive: true });
});

/** What each way to a file comes to. */
async function ways(file: string, helper: Helper): Promise<Record<string, string>> {
  return {
    plain: await helper.ask('open', file),
    'a path descriptor': await helper.ask('path-descriptor', file),
    '/proc/self/root': await helper.ask('own-root', file),
    'a file handle': await helper.ask('handle', file, '/dev/shm'),
  };
}

async function allWays(helper: Helper): Promise<Record<string, string>> {
  const namespace = run(
    `unshare -m sh -c 'mount --bind ${SECRET}/below ${FREE}; cat ${FREE}/file' > /dev/null 2>&1`,
  );
  return {
    ...(await ways(FILE, helper)),
    'a symbolic link': await helper.ask('open', `${FREE}/symlink`),
    'a bind mount': await helper.ask('open', `${ROOT}/bind/below/file`),
    'a bind mount of a part': await helper.ask('open', `${ROOT}/bind-below/file`),
    'what is mounted in it': await helper.ask('open', `${MOUNTED}/file`),
    'another mount of that': await helper.ask('open', `${ROOT}/bind-mounted/file`),
    'a chroot': await helper.ask('chroot', `${SECRET}/below`, '/file'),
    'a mount namespace': namespace === 0 ? '0' : 'EACCES',
    '300 levels': await helper.ask('open', `${DEEP}/file`),
  };
}

describe('a directory that may not be read', () => {
  test('is reached by no way around', async () => {
    using helper = new Helper(program('open_ways'));
    const before = await allWays(helper);
    await applyPolicies([
      definePolicy({
        name: 'secret',
        scope: 'host',
        mode: 'enforce',
        rules: [{ deny: ['read'], objects: [{ beneath: SECRET }] }],
      }),
    ]);
    const during = await allWays(helper);
    const control = await ways(`${FREE}/file`, helper);
    const moves = {
      'rename out': attempt(() => renameSync(FILE, `${FREE}/taken`)),
      'rename its directory out': attempt(() => renameSync(`${SECRET}/below`, `${FREE}/taken`)),
      'link out': attempt(() => linkSync(FILE, `${FREE}/taken`)),
      exchange: await helper.ask('exchange', FILE, `${FREE}/file`),
      'exchange the other way': await helper.ask('exchange', `${FREE}/file`, FILE),
    };
    const within = [
      attempt(() => renameSync(FILE, `${SECRET}/moved`)),
      attempt(() => renameSync(`${SECRET}/moved`, FILE)),
      attempt(() => renameSync(`${FREE}/file`, `${FREE}/moved`)),
      attempt(() => renameSync(`${FREE}/moved`, `${FREE}/file`)),
    ];
    const status = await policyStatus();
    await applyPolicies([]);
    const every = (names: object, result: string) =>
      Object.fromEntries(Object.keys(names).map((name) => [name, result]));
    expect(before).toEqual(every(before, '0'));
    expect(during).toEqual(every(before, 'EACCES'));
    expect(control).toEqual(every(control, '0'));
    expect(moves).toEqual(every(moves, 'EACCES'));
    expect(within).toEqual(['0', '0', '0', '0']);
    expect(status?.lost).toBe(0n);
    expect(await allWays(helper)).toEqual(before);
    expect(readFileSync(`${FREE}/hard`, 'utf8')).toBe('content');
  });

  test('keeps a file by its inode under names it had before', async () => {
    const read = () => attempt(() => readFileSync(`${FREE}/hard`));
    await applyPolicies([
      definePolicy({
        name: 'secret',
        scope: 'host',
        mode: 'enforce',
        rules: [{ deny: ['read'], objects: [{ path: LINKED }] }],
      }),
    ]);
    expect([read(), attempt(() => readFileSync(`${FREE}/file`))]).toEqual(['EACCES', '0']);
    await applyPolicies([]);
    expect(read()).toBe('0');
  });
});
