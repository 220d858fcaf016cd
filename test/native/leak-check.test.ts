import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { beyond } from '../support/kernel-resources.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function runs(file: string): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/fixtures/leaks/vitest.config.ts', file],
    { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { status, text: stdout + stderr };
}

test('a test file that keeps descriptors and mappings fails, and each is named', () => {
  const { status, text } = runs('keeps');
  expect(text).toContain('left behind by the tests of this file:');
  expect(text).toMatch(/descriptor of anon_inode:bpf-prog: prog_type 31, .*prog_id \d+/);
  expect(text).toMatch(/descriptor of anon_inode:bpf-map: map_type 27, .*map_id \d+/);
  expect(text).toMatch(/mapping of anon_inode:bpf-map: \d+ bytes/);
  expect(text).toMatch(/1 passed/);
  expect(status).toBe(1);
});

test('one that closes or drops all of them passes', () => {
  const { status, text } = runs('drops');
  expect(text).not.toContain('left behind');
  expect(status).toBe(0);
});

test('what is more than before is told as often as it is more', () => {
  expect(beyond(['a', 'b', 'b'], ['b', 'a', 'b', 'b', 'c'])).toEqual(['b', 'c']);
});
