import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { fixture, shipped } from '../support/objects.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

function types(...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), 'types', ...args], {
    encoding: 'utf8',
  });
}

const committed = (path: string) => readFileSync(join(root, path), 'utf8');

describe('bpf-lsm types', () => {
  test('prints what is in the repository', () => {
    const { stdout, status } = types(shipped('examples/mprotect_guard'));
    expect([status, stdout]).toEqual([0, committed('examples/types/mprotect_guard.ts')]);
  });

  test('writes a file, in the mode, by the name and with the module of choice', () => {
    const file = join(directory, 'kinds.d.ts');
    const options = ['--u64', 'auto', '--name', 'kinds_auto', '--from', '../../../src/index.js'];
    const { stdout, status } = types(fixture('kinds'), '-o', file, ...options);
    expect([status, stdout]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toBe(committed('test/types/objects/kinds_auto.ts'));
  });

  test('says what is wrong in one line', () => {
    const missing = types('no-such.bpf.o');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^bpf-lsm: .*no-such\.bpf\.o.*\n$/);
    const empty = types(fixture('empty'));
    expect([empty.status, empty.stdout]).toEqual([1, '']);
    expect(types(fixture('kinds'), '--u64', 'float').stderr).toContain('bigint, number, auto');
    const unwritable = types(fixture('kinds'), '-o', join(directory, 'no/such/directory.ts'));
    expect(unwritable.status).toBe(1);
    expect(unwritable.stderr).toMatch(/^bpf-lsm: cannot write .*ENOENT.*\n$/);
  });
});
