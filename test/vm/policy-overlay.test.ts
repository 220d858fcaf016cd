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
import { answers, bystander, denials, every, JAIL, jailed, prisoner } from '../support/jail.js';

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

describe('a mapping', { timeout: 120_000 }, () => {
  /** In the domain, with a file of the overlay; in the domain, with that of its layer; in no domain, as the first. */
  let above: Helper;
  let beneath: Helper;
  let free: Helper;

  beforeAll(async () => {
    [above, beneath, free] = [await prisoner(), await prisoner(), bystander()];
  });
  afterAll(() => {
    for (const helper of [above, beneath, free]) helper[Symbol.dispose]();
  });

  const EXECUTABLE = ['map rx private', 'protect r rx private', 'protect r rx shared'];
  const WRITABLE = ['map rw shared', 'protect r rw shared'];
  const OTHERS = ['map r private', 'protect n r private', 'protect r rw private'];
  const cases: [string, string, 'r' | 'w' | 'a', 'map-exec' | 'write' | 'append', string[]][] = [
    ['other', LOWER, 'r', 'map-exec', EXECUTABLE],
    ['copied', UPPER, 'r', 'map-exec', EXECUTABLE],
    ['copied', UPPER, 'w', 'write', WRITABLE],
    ['copied', UPPER, 'a', 'append', WRITABLE],
  ];

  describe.each(cases)(
    'of %s, in %s, held for %s, under a rule about %s',
    (name, layer, mode, operation, lines) => {
      const asked = [...lines, ...OTHERS];
      const allowed = every(asked, '0');
      const denied = { ...allowed, ...every(lines, 'EACCES') };

      test.each<[string, ObjectInputs['file'], 'above' | 'beneath' | 'neither']>([
        ['beneath the overlay', { beneath: MERGED }, 'above'],
        ['that file', { path: `${MERGED}/${name}` }, 'above'],
        ['beneath the layers', { beneath: LAYERS }, 'beneath'],
        ['that file of its layer', { path: `${layer}/${name}` }, 'beneath'],
        ['another file', { path: `${MERGED}/secret` }, 'neither'],
      ])('%s', async (_, object, met) => {
        for (const helper of [above, free])
          expect(await helper.ask('hold', `${MERGED}/${name}`, mode)).toBe('0');
        expect(await beneath.ask('hold', `${layer}/${name}`, mode)).toBe('0');
        expect(await answers(above, asked)).toEqual(allowed);
        await applyPolicies([jailed([{ deny: [operation], objects: [object] }])]);
        expect(await answers(above, asked)).toEqual(met === 'above' ? denied : allowed);
        expect(await answers(beneath, asked)).toEqual(met === 'beneath' ? denied : allowed);
        expect(await denials(operation)).toBe(BigInt(met === 'neither' ? 0 : lines.length));
        expect(await answers(free, asked)).toEqual(allowed);
        await applyPolicies([]);
        expect(await answers(above, asked)).toEqual(allowed);
      });
    },
  );

  test('of an overlay on another is judged in that one', async () => {
    const [top, upper, work] = [`${ROOT}/top`, `${ROOT}/top-upper`, `${ROOT}/top-work`];
    for (const path of [top, upper, work]) mkdirSync(path);
    const options = `lowerdir=${MERGED},upperdir=${upper},workdir=${work}`;
    expect(spawnSync('mount', ['-t', 'overlay', 'overlay', top, '-o', options]).status).toBe(0);
    try {
      expect(await above.ask('hold', `${top}/other`, 'r')).toBe('0');
      for (const [directory, answer] of [
        [top, 'EACCES'],
        [MERGED, '0'],
        [LAYERS, '0'],
      ] as const) {
        await applyPolicies([jailed([{ deny: ['map-exec'], objects: [{ beneath: directory }] }])]);
        expect(await answers(above, EXECUTABLE)).toEqual(every(EXECUTABLE, answer));
      }
      await applyPolicies([]);
      expect(await answers(above, EXECUTABLE)).toEqual(every(EXECUTABLE, '0'));
    } finally {
      expect(await above.ask('hold', '/dev/null', 'r')).toBe('0');
      spawnSync('umount', [top]);
    }
  });
});
