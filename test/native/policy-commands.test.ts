import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  kernelFacts,
  type LintFinding,
  lint,
  type Plan,
  parsePolicies,
  plan,
  thisMachine,
} from '../../src/index.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-policies-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

const policy = (name: string, rule: string) =>
  `name: ${name}\nscope: { domain: nowhere }\nmode: enforce\nrules:\n  - ${rule}\n`;
const swap = file('swap.yaml', policy('swap', 'deny: [swap, perf]'));
const reads = file('reads.yaml', policy('reads', 'deny: [read]'));
const wrong = file('wrong.yaml', policy('wrong', 'deny: [raed]'));

describe('bpf-lsm plan', () => {
  test('prints hooks and refusals, and ends with 3 when something is refused', async () => {
    const { status, stdout } = run('plan', swap);
    expect(status).toBe(3);
    expect(stdout).toContain('rule 0: deny swap, perf  line 5');
    expect(stdout).toContain('refused: no kernel asks LSMs about swap: deny capability CAP_SYS_ADMIN');
    const facts = await kernelFacts();
    if (facts.hooks.perf_event_open === 'int') expect(stdout).toMatch(/ perf +perf_event_open\n/);
  });

  test('prints the plan as JSON, and ends as that says', async () => {
    const { status, stdout } = run('plan', '--json', reads);
    const printed = JSON.parse(stdout) as Plan;
    expect(printed).toEqual(plan(parsePolicies(policy('reads', 'deny: [read]'), reads), await kernelFacts()));
    expect(status).toBe(printed.enforceable ? 0 : 3);
  });

  test('ends with 1 when a file is not valid, or is not there', () => {
    const invalid = run('plan', reads, wrong);
    expect([invalid.status, invalid.stdout]).toEqual([1, '']);
    expect(invalid.stderr).toBe(
      `bpf-lsm: ${wrong} is not valid: ${wrong}:5:12: rules[0].deny[0]: there is no operation "raed"; did you mean read?\n`,
    );
    expect(run('plan', join(directory, 'none.yaml'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ENOENT/),
    });
  });
});

describe('bpf-lsm lint', () => {
  const exec = (scope: string) =>
    `name: exec\nscope: ${scope}\nmode: enforce\nrules:\n  - deny: [exec, map-exec]\n    objects: [{ beneath: / }]\n`;

  test('prints what would lock one out, and ends with 3', () => {
    const { status, stdout } = run('lint', file('exec.yaml', exec('host')));
    expect(status).toBe(3);
    expect(stdout).toMatch(
      /exec\.yaml:5:5: error exec: it would lock you out: .*; take that out of the rule.* \[lockout\]\n/,
    );
  });

  test('prints nothing about what is fine, and ends with 0', () => {
    const path = file('fine.yaml', exec('{ domain: builder }'));
    expect(run('lint', path)).toMatchObject({ status: 0, stdout: '' });
  });

  test('prints findings as JSON', () => {
    const text = policy('audited', 'deny: [read]').replace('enforce', 'audit');
    const { status, stdout } = run('lint', '--json', file('audited.yaml', text));
    expect(status).toBe(0);
    const printed = JSON.parse(stdout) as LintFinding[];
    expect(printed).toEqual(lint(parsePolicies(text, join(directory, 'audited.yaml')), thisMachine()));
    expect(printed.map(({ code }) => code)).toEqual(['audit']);
  });
});
