import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyPolicies, definePolicy, policyStatus, removePolicies } from '../../src/policy/index.js';
import type { OperationOf } from '../../src/policy/model/index.js';
import { family } from '../support/family.js';
import type { Helper } from '../support/helper.js';
import { bystander, every } from '../support/jail.js';
import { kernelIsAtLeast } from '../support/kernel.js';

const ROOT = '/dev/shm/policy-operations';
const CGROUP = '/sys/fs/cgroup/policy-operations';

type FileOperation = OperationOf<'files'>;

/** One call of each operation; those of `held` are of the file that it has open. */
const CALLS: Record<FileOperation, { by: 'family' | 'held'; line: string }> = {
  read: { by: 'family', line: 'open @/file' },
  write: { by: 'family', line: 'write @/file' },
  append: { by: 'family', line: 'append @/file' },
  create: { by: 'family', line: 'create @/new' },
  remove: { by: 'family', line: 'unlink @/old' },
  rename: { by: 'family', line: 'rename @/old @/renamed' },
  link: { by: 'family', line: 'link @/file @/linked' },
  truncate: { by: 'family', line: 'truncate @/file' },
  chmod: { by: 'held', line: 'chmod @/file' },
  chown: { by: 'held', line: 'chown @/file' },
  xattr: { by: 'held', line: 'setxattr @/file trusted.test' },
  acl: { by: 'held', line: 'setacl @/file' },
  exec: { by: 'family', line: 'exec @/program' },
  'map-exec': { by: 'held', line: 'map x private' },
  ioctl: { by: 'held', line: 'ioctl' },
  'mount-on': { by: 'family', line: `mount ${ROOT}/source @/mounted` },
};
const OPERATIONS = Object.keys(CALLS) as FileOperation[];

/** Which calls, besides its own, are an operation in part. */
const PARTS: Partial<Record<FileOperation, FileOperation[]>> = {
  // What is mapped can be read.
  read: ['map-exec'],
  create: ['rename', 'link'],
  remove: ['rename'],
  // Before Linux 6.2 access control lists are extended attributes like others.
  ...(kernelIsAtLeast(6, 2) ? {} : { xattr: ['acl' as const] }),
  'map-exec': ['exec'],
};

const directoryOf = (operation: FileOperation) => `${ROOT}/${operation}`;

let inside: Helper;
let outside: Helper;
/** Each has the file of its directory open. */
const holders = new Map<FileOperation, Helper>();
let outsideHolder: Helper;

beforeAll(async () => {
  mkdirSync(`${ROOT}/source`, { recursive: true });
  mkdirSync(CGROUP);
  [inside, outside, outsideHolder] = [family(), family(), bystander()];
  for (const operation of OPERATIONS) {
    const directory = directoryOf(operation);
    mkdirSync(`${directory}/mounted`, { recursive: true });
    writeFileSync(`${directory}/file`, 'x'.repeat(4096));
    copyFileSync('/bin/true', `${directory}/program`);
    const holder = bystander();
    await holder.ask('hold', `${directory}/file`, 'r');
    holders.set(operation, holder);
  }
  for (const { pid } of [inside, ...holders.values()]) writeFileSync(`${CGROUP}/cgroup.procs`, String(pid));
});
afterAll(async () => {
  await removePolicies();
  for (const helper of [inside, outside, outsideHolder, ...holders.values()]) await helper.end();
  rmSync(ROOT, { recursive: true });
  rmdirSync(CGROUP);
});

/** What one call in a directory comes to; then all is as it was before. */
async function called(
  call: FileOperation,
  directory: string,
  helpers: { family: Helper; held: Helper },
): Promise<string> {
  const { by, line } = CALLS[call];
  if (call === 'remove' || call === 'rename') writeFileSync(`${directory}/old`, '');
  const said = await helpers[by].ask(line.replaceAll('@', directory));
  if (call === 'mount-on' && said === '0') spawnSync('umount', [`${directory}/mounted`]);
  for (const name of ['new', 'old', 'renamed', 'linked'])
    if (existsSync(`${directory}/${name}`)) rmSync(`${directory}/${name}`);
  return said;
}

/** Every call in the directory of each operation. */
async function all(): Promise<Record<string, Record<string, string>>> {
  const said: Record<string, Record<string, string>> = {};
  for (const operation of OPERATIONS) {
    const here: Record<string, string> = {};
    const helpers = { family: inside, held: holders.get(operation) as Helper };
    for (const call of OPERATIONS) here[call] = await called(call, directoryOf(operation), helpers);
    said[operation] = here;
  }
  return said;
}

describe('of the operations on files', () => {
  test('each is denied by itself, and the others are not', { timeout: 120_000 }, async () => {
    const free = Object.fromEntries(OPERATIONS.map((operation) => [operation, every(OPERATIONS, '0')]));
    expect(await all()).toEqual(free);
    await applyPolicies(
      OPERATIONS.map((operation) =>
        definePolicy({
          name: operation,
          scope: { cgroup: '/policy-operations' },
          mode: 'enforce',
          rules: [{ deny: [operation], objects: [{ beneath: directoryOf(operation) }] }],
        }),
      ),
    );
    const broken = (operation: FileOperation) => [operation, ...(PARTS[operation] ?? [])];
    const said = await all();
    // The kernel kills what it cannot map any more.
    expect(['137', '139']).toContain(said['map-exec']?.exec);
    (said['map-exec'] as Record<string, string>).exec = 'EACCES';
    expect(said).toEqual(
      Object.fromEntries(
        OPERATIONS.map((operation) => [
          operation,
          { ...every(OPERATIONS, '0'), ...every(broken(operation), 'EACCES') },
        ]),
      ),
    );
    expect((await policyStatus())?.policies.map(({ name, denials }) => [name, denials])).toEqual(
      OPERATIONS.map((operation) => [operation, { [operation]: BigInt(broken(operation).length) }]),
    );
    const others: Record<string, string> = {};
    for (const operation of OPERATIONS) {
      const directory = directoryOf(operation);
      await outsideHolder.ask('hold', `${directory}/file`, 'r');
      others[operation] = await called(operation, directory, { family: outside, held: outsideHolder });
    }
    expect(others).toEqual(every(OPERATIONS, '0'));
    await applyPolicies([]);
    expect(await all()).toEqual(free);
  });
});
