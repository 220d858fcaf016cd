import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adoptIntoDomain,
  applyPolicies,
  type ObjectInputs,
  type RuleInput,
  removePolicies,
} from '../../src/policy/index.js';
import { family } from '../support/family.js';
import type { Helper } from '../support/helper.js';
import { every, JAIL, jailed } from '../support/jail.js';

const ROOT = '/dev/shm/policy-overlay';
const LAYERS = `${ROOT}/layers`;
const [LOWER, UPPER, MERGED] = [`${LAYERS}/lower`, `${LAYERS}/upper`, `${ROOT}/merged`];

let inside: Helper;
let outside: Helper;
let written = 0;

beforeAll(async () => {
  for (const path of [LOWER, UPPER, `${LAYERS}/work`, MERGED]) mkdirSync(path, { recursive: true });
  for (const name of ['secret', 'copied', 'other']) writeFileSync(`${LOWER}/${name}`, 'content');
  copyFileSync('/bin/true', `${LOWER}/program`);
  const options = `lowerdir=${LOWER},upperdir=${UPPER},workdir=${LAYERS}/work`;
  expect(spawnSync('mount', ['-t', 'overlay', 'overlay', MERGED, '-o', options]).status).toBe(0);
  // Copied up, from now on.
  writeFileSync(`${MERGED}/copied`, 'changed');
  [inside, outside] = [family(), family()];
  await applyPolicies([]);
  await adoptIntoDomain(JAIL, inside.pid);
}, 120_000);
afterAll(async () => {
  for (const helper of [inside, outside]) await helper.end();
  await removePolicies();
  spawnSync('umount', [MERGED]);
  rmSync(ROOT, { recursive: true });
});

/** What becomes of each call: in the overlay, of what is beneath it and of what was copied up; and beneath. */
async function all(helper: Helper): Promise<Record<string, string>> {
  // Copied up when it is first written to.
  const fresh = `fresh-${written++}`;
  writeFileSync(`${LOWER}/${fresh}`, '');
  return {
    secret: await helper.ask('open', `${MERGED}/secret`),
    copied: await helper.ask('open', `${MERGED}/copied`),
    other: await helper.ask('open', `${MERGED}/other`),
    directory: await helper.ask('open', MERGED),
    write: await helper.ask('write', `${MERGED}/${fresh}`),
    execute: await helper.ask('exec', `${MERGED}/program`),
    'secret in its layer': await helper.ask('open', `${LOWER}/secret`),
    'copied in its layer': await helper.ask('open', `${UPPER}/copied`),
    'execute in its layer': await helper.ask('exec', `${LOWER}/program`),
  };
}

const FREE = {
  secret: '0',
  copied: '0',
  other: '0',
  directory: '0',
  write: '0',
  execute: '0',
  'secret in its layer': '0',
  'copied in its layer': '0',
  'execute in its layer': '0',
};
const reading = (...objects: ObjectInputs['file'][]) => [{ deny: ['read' as const], objects }];
const only = (...directories: string[]): RuleInput[] => [
  { deny: ['read', 'write'], objects: [{ beneath: ROOT }] },
  { allow: ['read', 'write'], objects: directories.map((beneath) => ({ beneath })) },
];

describe('a policy about files of an overlay', { timeout: 120_000 }, () => {
  const cases: [string, RuleInput[], string[]][] = [
    [
      'is for those, and not for the files of its layers',
      reading({ path: `${MERGED}/secret` }, { path: `${MERGED}/copied` }),
      ['secret', 'copied'],
    ],
    ['is for all beneath its root', reading({ beneath: MERGED }), ['secret', 'copied', 'other', 'directory']],
    [
      'is met by the files of its layers too',
      reading({ path: `${LOWER}/secret` }, { path: `${UPPER}/copied` }),
      ['secret', 'copied', 'secret in its layer', 'copied in its layer'],
    ],
    [
      'is met by all that its layers are beneath',
      reading({ beneath: LAYERS }),
      ['secret', 'copied', 'other', 'directory', 'secret in its layer', 'copied in its layer'],
    ],
    ['is asked when a file is copied up', [{ deny: ['write'], objects: [{ beneath: LAYERS }] }], ['write']],
    [
      'is not met where one executes them',
      [{ deny: ['exec'], objects: [{ beneath: LAYERS }] }],
      ['execute in its layer'],
    ],
    [
      'has to allow its layers as well',
      only(MERGED),
      ['secret', 'copied', 'other', 'directory', 'write', 'secret in its layer', 'copied in its layer'],
    ],
    ['allows nothing more than both', only(MERGED, LAYERS), []],
  ];

  test.each(cases)('%s', async (_, rules, denied) => {
    expect(await all(inside)).toEqual(FREE);
    await applyPolicies([jailed(rules)]);
    expect(await all(inside)).toEqual({ ...FREE, ...every(denied, 'EACCES') });
    expect(await all(outside)).toEqual(FREE);
    await applyPolicies([]);
    expect(await all(inside)).toEqual(FREE);
  });
});
