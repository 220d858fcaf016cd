import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CheckReport, check } from '../../src/index.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function run(...args: string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
}

// These never attach anything: what an attached program does is tested inside of guests.
describe('check({ canary: false })', () => {
  test('answers every question with a reason, whatever this host is', async () => {
    const report = await check({ canary: false });
    expect(report.findings.map(({ name }) => name)).toEqual([
      'built-in',
      'active',
      'btf',
      'capabilities',
      'lockdown',
      'ftrace',
      'jit',
      'load',
      'canary',
    ]);
    for (const { verdict, question, reason, fix } of report.findings) {
      expect(['yes', 'no', 'unknown']).toContain(verdict);
      expect(question).not.toBe('');
      expect(reason).not.toBe('');
      expect(fix).not.toBe('');
    }
    expect(report.kernel).toBe(release());
    expect(report.libbpf).toMatch(/^1\.\d+/);
  });

  test('agrees with itself', async () => {
    const report = await check({ canary: false });
    const verdictOf = (name: string) => report.findings.find((finding) => finding.name === name)?.verdict;
    expect(verdictOf('canary')).toBe('unknown');
    const essential = report.findings.filter((finding) => finding.essential);
    expect(report.usable).toBe(essential.every(({ verdict }) => verdict === 'yes'));
    if (report.lsms) expect(verdictOf('active')).toBe(report.lsms.includes('bpf') ? 'yes' : 'no');
    else expect(verdictOf('active')).toBe('unknown');
    if (verdictOf('load') === 'yes') expect(verdictOf('btf')).toBe('yes');
  });

  test('says so when the kernel refuses LSM programs for no reason that can be seen', async () => {
    const report = await check({ canary: false });
    const load = report.findings.find(({ name }) => name === 'load');
    const capable = report.findings.find(({ name }) => name === 'capabilities')?.verdict === 'yes';
    const refused = load?.verdict === 'no' && load.reason.includes('(EPERM)');
    if (!refused || !capable || !report.lsms?.includes('bpf')) {
      expect(load?.reason).not.toContain('refuses LSM programs with EPERM although bpf is in its list');
      return;
    }
    expect(load.reason).toContain(
      'refuses LSM programs with EPERM although bpf is in its list of active LSMs and this process has the capabilities',
    );
    expect(load.fix).toContain('use another machine, or a guest');
    expect(report.usable).toBe(false);
  });
});

describe('bpf-lsm check', () => {
  test('prints the same report as JSON, and its exit status tells whether LSM programs are usable', async () => {
    const { status, stdout, stderr } = run('check', '--json', '--no-canary');
    const report = JSON.parse(stdout) as CheckReport;
    expect(stderr).toBe('');
    expect(report).toEqual(await check({ canary: false }));
    expect(status).toBe(report.usable ? 0 : 1);
  });

  test('prints a line for every finding, and its fix', async () => {
    const { status, stdout } = run('check', '--no-canary');
    const report = await check({ canary: false });
    for (const { name, reason, fix, verdict } of report.findings) {
      const line = stdout.split('\n').find((text) => text.includes(`  ${name} `));
      expect(line).toContain(reason);
      expect(line?.trim().startsWith(verdict === 'unknown' ? '?' : verdict)).toBe(true);
      if (fix && verdict !== 'yes') expect(stdout).toContain(`fix: ${fix}`);
    }
    expect(stdout).toContain(`LSM programs are ${report.usable ? '' : 'NOT '}usable here.`);
    expect(status).toBe(report.usable ? 0 : 1);
  });
});

describe('bpf-lsm', () => {
  test.each([['--help'], ['check', '--help'], ['help', 'check']])('%s %s helps', (...args) => {
    const { status, stdout } = run(...args.filter((arg) => arg !== undefined));
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: bpf-lsm');
    expect(stdout).toContain('check');
  });

  test('--version prints a version', () => {
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([['check', '--unknown'], ['--unknown'], ['unknown'], ['check', 'superfluous']])(
    '%s %s fails, and says why',
    (...args) => {
      const { status, stdout, stderr } = run(...args.filter((arg) => arg !== undefined));
      expect(status).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^error: (unknown|too many)/);
    },
  );
});
