import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyPolicies, type RuleInput, removePolicies, runInDomain } from '../../src/policy/index.js';
import type { Operation } from '../../src/policy/model/index.js';
import type { Helper } from '../support/helper.js';
import { answers, bystander, denials, every, JAIL, jailed, prisoner } from '../support/jail.js';

const ROOT = '/dev/shm/policy-mappings';
const [FILE, OTHER, PROGRAM] = [`${ROOT}/file`, `${ROOT}/other`, `${ROOT}/program`];

/** In the domain, with the file; in the domain, with another; in no domain, with the file. */
let inside: Helper;
let elsewhere: Helper;
let outside: Helper;

beforeAll(async () => {
  mkdirSync(ROOT);
  for (const path of [FILE, OTHER]) writeFileSync(path, 'x'.repeat(4096));
  copyFileSync('/bin/true', PROGRAM);
  inside = await prisoner();
  elsewhere = await prisoner();
  outside = bystander();
});
afterAll(async () => {
  for (const helper of [inside, elsewhere, outside]) helper[Symbol.dispose]();
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

async function hold(mode: 'r' | 'w' | 'a'): Promise<void> {
  expect(await inside.ask('hold', FILE, mode)).toBe('0');
  expect(await elsewhere.ask('hold', OTHER, mode)).toBe('0');
  expect(await outside.ask('hold', FILE, mode)).toBe('0');
}

/** Shows that a rule denies what is in the first list, and nothing else, and only while it is there. */
async function expectDenied(
  operation: Operation,
  objects: { objects?: { path: string }[] },
  denied: Record<string, string>,
  allowed: readonly string[],
): Promise<void> {
  const lines = [...Object.keys(denied), ...allowed];
  const free = every(lines, '0');
  expect(await answers(inside, lines)).toEqual(free);
  await applyPolicies([jailed([{ deny: [operation], ...objects } as RuleInput])]);
  expect(await answers(inside, lines)).toEqual({ ...free, ...denied });
  expect(await denials(operation)).toBe(BigInt(Object.keys(denied).length));
  if (objects.objects) expect(await answers(elsewhere, lines)).toEqual(free);
  expect(await answers(outside, lines)).toEqual(free);
  await applyPolicies([]);
  expect(await answers(inside, lines)).toEqual(free);
}

const THE_FILE = { objects: [{ path: FILE }] };

describe('a file that is open already', () => {
  test('is not to be read by mapping it, or by receiving it', async () => {
    await hold('r');
    const denied = {
      ...every(['fetch', 'map r shared', 'map r private', 'map n private', 'map rx private'], 'EACCES'),
      receive: 'lost',
    };
    await expectDenied('read', THE_FILE, denied, ['receive-socket', 'anonymous rw']);
  });

  test('is not to be written by mapping it shared, or by receiving it', async () => {
    await hold('w');
    const denied = {
      ...every(['fetch', 'map rw shared', 'protect r rw shared', 'protect n w shared'], 'EACCES'),
      receive: 'lost',
    };
    await expectDenied('write', THE_FILE, denied, [
      'map rw private',
      'protect r rw private',
      'map r shared',
      'anonymous rw',
    ]);
  });

  test('stays to be appended to only', async () => {
    await hold('a');
    const writing = every(['map rw shared', 'protect r rw shared', 'overwrite'], 'EACCES');
    await expectDenied('write', THE_FILE, writing, ['fetch', 'receive', 'map rw private']);
    await expectDenied('append', THE_FILE, { ...writing, fetch: 'EACCES', receive: 'lost' }, [
      'map r shared',
    ]);
  });

  test('is not to be executed by mapping it', async () => {
    await hold('r');
    const denied = every(['map rx private', 'map rx shared', 'protect r rx private'], 'EACCES');
    await expectDenied('map-exec', THE_FILE, denied, [
      'fetch',
      'map r private',
      'protect n r private',
      'anonymous rx',
      'protect-anonymous rw rx',
    ]);
  });
});

describe('an executable', () => {
  const status = async (): Promise<number | null> => {
    const child = await runInDomain(JAIL, [PROGRAM], { unheld: 'accept', spawn: { stdio: 'ignore' } });
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  };

  test('that is not to be read can be executed all the same, and not if it is not to be mapped so', async () => {
    const about = (operation: 'read' | 'map-exec' | 'exec') =>
      jailed([{ deny: [operation], objects: [{ path: PROGRAM }] }]);
    await applyPolicies([about('read')]);
    expect(await status()).toBe(0);
    await applyPolicies([about('map-exec')]);
    expect(await status()).not.toBe(0);
    expect(await denials('map-exec')).toBeGreaterThan(0n);
    await applyPolicies([about('exec')]);
    expect(await status()).toBe(126);
    await applyPolicies([]);
    expect(await status()).toBe(0);
  });
});

describe('memory', () => {
  const denied = (lines: string[]) => every(lines, 'EACCES');

  test('does not become writable and executable at once', async () => {
    await hold('r');
    await expectDenied(
      'map-write-exec',
      {},
      denied(['anonymous rwx', 'map rwx private', 'protect-anonymous rw rwx', 'protect-anonymous rx rwx']),
      ['anonymous rx', 'anonymous rw', 'protect-anonymous rw rx', 'map rx private', 'stack rx'],
    );
  });

  test('is not mapped executable without a file', async () => {
    await hold('r');
    await expectDenied('map-anonymous-exec', {}, denied(['anonymous rx', 'anonymous rwx']), [
      'anonymous rw',
      'map rx private',
      'protect-anonymous rw rx',
    ]);
  });

  test('does not become executable, or only the stack does not, or the heap', async () => {
    await hold('r');
    const [stack, heap] = [
      ['stack rx', 'stack rwx'],
      ['heap rx', 'heap rwx'],
    ] as const;
    const others = ['protect-anonymous r rx', 'protect r rx private'];
    const never = ['anonymous rx', 'map rx private', 'protect-anonymous rx r', 'stack r', 'heap rw'];
    await expectDenied('make-exec', {}, denied([...stack, ...heap, ...others]), never);
    await expectDenied('exec-stack', {}, denied([...stack]), [...heap, ...others, ...never]);
    await expectDenied('exec-heap', {}, denied([...heap]), [...stack, ...others, ...never]);
  });

  test('is denied by the default of its class, but for what is allowed', async () => {
    await applyPolicies([jailed([{ allow: ['make-exec'] }], { defaults: { memory: 'deny' } })]);
    const lines = ['anonymous rx', 'protect-anonymous r rx', 'anonymous rw'];
    expect(await answers(inside, lines)).toEqual({ ...every(lines, '0'), 'anonymous rx': 'EACCES' });
    expect(await answers(outside, lines)).toEqual(every(lines, '0'));
    await applyPolicies([]);
    expect(await answers(inside, lines)).toEqual(every(lines, '0'));
  });
});
