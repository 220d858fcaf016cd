import { spawnSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  applyPolicies,
  definePolicy,
  policyStatus,
  type RuleInput,
  removePolicies,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';

const ROOT = '/dev/shm/policy-counts';
const [KEPT, FREE] = [`${ROOT}/kept`, `${ROOT}/free`];
const [PROGRAM, SCRIPT, OWN_SCRIPT] = [`${KEPT}/program`, `${KEPT}/script`, `${KEPT}/own-script`];

beforeAll(() => {
  for (const directory of [KEPT, FREE]) mkdirSync(directory, { recursive: true });
  copyFileSync('/bin/true', PROGRAM);
  writeFileSync(SCRIPT, '#!/bin/true\n', { mode: 0o755 });
  writeFileSync(OWN_SCRIPT, `#!${PROGRAM}\n`, { mode: 0o755 });
});
beforeEach(() => {
  rmSync(`${FREE}/moved`, { force: true });
  for (const directory of [KEPT, FREE]) writeFileSync(`${directory}/file`, '');
});
afterAll(async () => {
  await removePolicies();
  rmSync(ROOT, { recursive: true });
});

const holding = (mode: 'audit' | 'enforce', rules: RuleInput[]) =>
  applyPolicies([definePolicy({ name: 'test', scope: 'host', mode, rules })]);

const denials = async () => (await policyStatus())?.policies[0]?.denials;
const execute = (path: string) => spawnSync(path).error?.message.split(' ').at(-1) ?? '0';
const EXECUTION: RuleInput[] = [{ deny: ['exec'], objects: [{ beneath: KEPT }] }];
const MANY: RuleInput[] = [{ deny: ['read', 'write', 'exec', 'chmod'], objects: [{ beneath: KEPT }] }];

describe('what is counted', { timeout: 120_000 }, () => {
  test.each([
    [PROGRAM, 1n],
    [SCRIPT, 1n],
    // The script, and the program that it has executed.
    [OWN_SCRIPT, 2n],
  ])('of an execution of %s: each file once', async (path, times) => {
    expect(execute(path)).toBe('0');
    await holding('audit', EXECUTION);
    expect(execute(path)).toBe('0');
    expect(await denials()).toEqual({ exec: times });
    await holding('enforce', EXECUTION);
    expect(execute(path)).toBe('EACCES');
    expect(await denials()).toEqual({ exec: 1n });
    await applyPolicies([]);
    expect(execute(path)).toBe('0');
  });

  test.each([
    ['rename', renameSync, renameSync],
    ['link', linkSync, unlinkSync],
  ] as const)('of a %s: once, whatever it would lose', async (operation, call, undo) => {
    const move = (from: string) => {
      const answer = attempt(() => call(`${from}/file`, `${FREE}/moved`));
      if (answer === '0') undo(`${FREE}/moved`, `${from}/file`);
      return answer;
    };
    await holding('audit', MANY);
    expect([move(KEPT), await denials()]).toEqual(['0', { [operation]: 1n }]);
    await holding('enforce', MANY);
    expect([move(KEPT), await denials()]).toEqual(['EACCES', { [operation]: 1n }]);
    expect(move(FREE)).toBe('0');
    await applyPolicies([]);
    expect(move(KEPT)).toBe('0');
  });

  test('of what is to be no interpreter, and is not moved to where it would be one', async () => {
    const move = (from: string) => {
      const answer = attempt(() => renameSync(from, `${FREE}/moved`));
      if (answer === '0') renameSync(`${FREE}/moved`, from);
      return answer;
    };
    expect([move(PROGRAM), move(`${FREE}/file`)]).toEqual(['0', '0']);
    await holding('enforce', [{ deny: ['exec-interpreter'], objects: [{ beneath: KEPT }] }]);
    expect([move(PROGRAM), move(`${FREE}/file`)]).toEqual(['EACCES', '0']);
    expect([execute(OWN_SCRIPT), execute(SCRIPT), execute(PROGRAM)]).toEqual(['EACCES', '0', '0']);
    expect(await denials()).toEqual({ rename: 1n, 'exec-interpreter': 1n });
    await applyPolicies([]);
    expect([move(PROGRAM), move(`${FREE}/file`), execute(OWN_SCRIPT)]).toEqual(['0', '0', '0']);
  });
});
