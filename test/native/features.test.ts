import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BpfMap, type Feature, type FeatureReport, features } from '../../src/index.js';
import { native } from '../../src/native.js';
import { bpfFiles } from '../support/fds.js';
import { thrown } from '../support/thrown.js';
import { untyped } from '../support/untyped.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function run(...args: string[]) {
  return spawnSync(process.execPath, [CLI, 'features', ...args], { encoding: 'utf8' });
}

// Nothing is attached: programs are loaded and maps made, and dropped at once.
describe('features()', () => {
  test('answers three questions for each feature, with a reason, whatever this host is', () => {
    const report = features();
    expect(report).toMatchObject({ kernel: release(), libbpf: native().libbpfVersion() });
    expect(new Set(report.features.map(({ group }) => group))).toEqual(
      new Set(['machine', 'programs', 'helpers', 'kfuncs', 'maps', 'links', 'iterators', 'system calls']),
    );
    for (const { name, kernel, libbpf, permission } of report.features) {
      expect(name).not.toBe('');
      for (const { verdict, reason } of [kernel, libbpf, permission]) {
        expect(['yes', 'no', 'unknown']).toContain(verdict);
        expect(reason).not.toBe('');
      }
      expect(libbpf.verdict).not.toBe('unknown');
    }
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('names each feature once', () => {
    const names = features().features.map(({ group, name }) => `${group} ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('leaves no descriptor behind, and says the same again', () => {
    const before = bpfFiles();
    const first = features();
    expect(features()).toEqual(first);
    expect(bpfFiles()).toEqual(before);
  });

  test('agrees with itself: what was just done is permitted, and EPERM is no answer about the kernel', () => {
    for (const { group, kernel, permission } of features().features) {
      if (/^one was (loaded|made)$/.test(kernel.reason)) expect(permission.verdict).toBe('yes');
      if (kernel.reason.includes('EPERM')) expect(kernel.verdict).toBe('unknown');
      if (permission.reason.includes('EPERM')) expect(permission.verdict).toBe('no');
      if (group === 'kfuncs') expect(kernel.reason).toContain('BTF');
    }
  });

  test('agrees with what making a map says', async () => {
    const make = () => BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 });
    const hash = features().features.find(({ group, name }) => group === 'maps' && name === 'hash');
    if (hash?.kernel.verdict === 'yes') make().close();
    else expect(await thrown(make)).toMatchObject({ code: 'EPERM', reason: 'permission' });
  });
});

describe('the probes', () => {
  const map = {
    type: 999,
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
    flags: 0,
    typed: false,
    holdsArrays: false,
  };

  test('are refused by a kernel that does not know the type or the flag', () => {
    expect([1, 22]).toContain(native().probeMap(map));
    expect([1, 22]).toContain(native().probeCgroupLink(1 << 30));
  });

  test('want what they say', async () => {
    for (const wrong of [null, 5, {}, { ...map, type: -1 }, { ...map, typed: 1 }]) {
      expect(await thrown(() => native().probeMap(untyped(wrong)))).toMatchObject({
        code: 'ERR_BPF_ARGUMENT',
      });
    }
    expect(await thrown(() => native().probeCgroupLink(untyped('1')))).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
    });
  });
});

describe('bpf-lsm features', () => {
  test('prints the same report as JSON', () => {
    const { status, stdout, stderr } = run('--json');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual(features());
  });

  test('prints a line for every feature, with the first reason against it', () => {
    const { status, stdout } = run();
    expect(status).toBe(0);
    for (const { name, kernel, libbpf, permission } of features().features) {
      const against = [kernel, libbpf, permission].find(({ verdict }) => verdict !== 'yes');
      const line = stdout.split('\n').find((text) => text.startsWith(`  ${name} `));
      expect(line).toContain(against?.reason ?? 'yes     yes     yes');
    }
  });

  test('can be asked for some, and for what is missing', () => {
    const storage = JSON.parse(run('storage', '--json').stdout) as FeatureReport;
    expect(storage.features.length).toBeGreaterThan(3);
    for (const { name } of storage.features) expect(name).toContain('storage');
    const missing = JSON.parse(run('--missing', '--json').stdout) as FeatureReport;
    const works = ({ kernel, libbpf, permission }: Feature) =>
      [kernel, libbpf, permission].every(({ verdict }) => verdict === 'yes');
    expect(missing.features.filter(works)).toEqual([]);
    expect(run('no-such-feature')).toMatchObject({ status: 1 });
  });

  test('helps', () => {
    expect(run('--help').stdout).toContain('Exit status: 0');
    expect(readFileSync(CLI, 'utf8')).toContain('featuresCommand');
  });
});
