import { linkSync, mkdirSync, readdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BpfArray } from '../../src/index.js';
import { Passage } from '../../src/policy/engine/passage.js';
import { removePolicies } from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { type Attempts, all, outcomes } from '../support/attempts.js';
import { BPFFS, ENGINE, WAY } from '../support/guarded-engine.js';
import {
  apply,
  guarded,
  LINKS,
  leave,
  removable,
  settle,
  TOKEN,
  withToken,
} from '../support/guarded-policy.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

const [SPARE, EMPTY] = [`${ENGINE}/spare`, `${ENGINE}/empty`];
const OTHER = `${BPFFS}/other`;

let spare: BpfArray<unknown>;
let other: BpfArray<unknown>;
let attacker: Helper;

beforeAll(() => {
  settle();
  spare = BpfArray.create({ valueSize: 4, maxEntries: 1 });
  other = BpfArray.create({ valueSize: 4, maxEntries: 1 });
  attacker = new Helper(program('engine_attacks'));
});
afterAll(async () => {
  attacker[Symbol.dispose]();
  spare.close();
  other.close();
  await leave();
});

/** Does something, and undoes it if it was done. */
function undone(action: () => unknown, undo: () => unknown): string {
  const outcome = attempt(action);
  if (outcome === '0') undo();
  return outcome;
}

/** What can be done to names, on stand-ins in the directory of the engine. */
const NAMES: Attempts = {
  'unlink a pin': () =>
    undone(
      () => unlinkSync(SPARE),
      () => spare.pin(SPARE),
    ),
  'remove a directory': () =>
    undone(
      () => rmdirSync(EMPTY),
      () => mkdirSync(EMPTY),
    ),
  'rename a pin away': () =>
    undone(
      () => renameSync(SPARE, OTHER),
      () => renameSync(OTHER, SPARE),
    ),
  'rename a pin over one': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, SPARE),
      () => {
        unlinkSync(SPARE);
        spare.pin(SPARE);
        other.pin(`${BPFFS}/another`);
      },
    ),
  'rename into it': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, `${LINKS}/judge_open-0`),
      () => renameSync(`${LINKS}/judge_open-0`, `${BPFFS}/another`),
    ),
  'exchange a pin': () => attacker.ask('exchange-back', `${BPFFS}/another`, SPARE),
  'exchange the directory': () => attacker.ask('exchange-back', `${BPFFS}/beside`, ENGINE),
  'rename the directory': () =>
    undone(
      () => renameSync(ENGINE, `${BPFFS}/gone`),
      () => renameSync(`${BPFFS}/gone`, ENGINE),
    ),
  'rename what leads to it': () =>
    undone(
      () => renameSync(WAY, `${BPFFS}/gone`),
      () => renameSync(`${BPFFS}/gone`, WAY),
    ),
  'link a pin': () =>
    undone(
      () => linkSync(SPARE, OTHER),
      () => unlinkSync(OTHER),
    ),
  'link into it': () =>
    undone(
      () => linkSync(`${BPFFS}/another`, `${LINKS}/x`),
      () => unlinkSync(`${LINKS}/x`),
    ),
  'make a directory': () =>
    undone(
      () => mkdirSync(`${ENGINE}/x`),
      () => rmdirSync(`${ENGINE}/x`),
    ),
  'make a symbolic link': () =>
    undone(
      () => symlinkSync('/', `${LINKS}/x`),
      () => unlinkSync(`${LINKS}/x`),
    ),
  'pin into it': () => attacker.ask('pin', `${LINKS}/x`),
};

const NAMES_BESIDE: Attempts = {
  'unlink a pin': () =>
    undone(
      () => unlinkSync(`${BPFFS}/another`),
      () => other.pin(`${BPFFS}/another`),
    ),
  'rename a pin': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, OTHER),
      () => renameSync(OTHER, `${BPFFS}/another`),
    ),
  'rename a directory': () =>
    undone(
      () => renameSync(`${BPFFS}/beside`, `${WAY}/x`),
      () => renameSync(`${WAY}/x`, `${BPFFS}/beside`),
    ),
  'pin a map': () => attacker.ask('pin', `${WAY}/x`),
  'make a directory': () =>
    undone(
      () => mkdirSync(`${WAY}/x`),
      () => rmdirSync(`${WAY}/x`),
    ),
};

test('names of pins are kept, and those beside them are not', { timeout: 180_000 }, async () => {
  expect(removable()).toBe('0');
  await apply();
  spare.pin(SPARE);
  other.pin(`${BPFFS}/another`);
  mkdirSync(EMPTY);
  expect(await outcomes(NAMES)).toEqual(all(NAMES, '0'));
  expect(await apply(guarded)).toMatchObject({ guarded: true, absent: [] });
  expect(await outcomes(NAMES)).toEqual(all(NAMES, 'EPERM'));
  expect(await outcomes(NAMES_BESIDE)).toEqual(all(NAMES_BESIDE, '0'));
  expect(removable()).toBe('EACCES');
  {
    // Whoever has presented the token may, and nobody else meanwhile.
    using _passage = Passage.through(ENGINE, TOKEN);
    expect(
      await outcomes({
        ...NAMES,
        'pin into it': () => '0',
        'exchange a pin': () => '0',
        'exchange the directory': () => '0',
      }),
    ).toEqual(all(NAMES, '0'));
    expect(await attacker.ask('pin', `${LINKS}/x`)).toBe('EPERM');
  }
  expect(attempt(() => unlinkSync(SPARE))).toBe('EPERM');
  expect(await removePolicies(withToken)).toBe(true);
  expect(removable()).toBe('0');
  expect(attempt(() => unlinkSync(SPARE))).toBe('0');
  expect(readdirSync(ENGINE)).toEqual(['empty']);
  rmdirSync(EMPTY);
});
