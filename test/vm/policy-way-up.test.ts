import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAt } from '../../src/policy/evaluate/index.js';
import { realFiles } from '../../src/policy/files/index.js';

function mount(...args: string[]): void {
  const point = args.at(-1) ?? '';
  mkdirSync(point, { recursive: true });
  execFileSync('mount', args);
  onTestFinished(() => void execFileSync('umount', [point]));
}

describe('the way up from a file', () => {
  test('goes through its file system to the root of that, and on from where it is mounted', () => {
    mount('-t', 'tmpfs', 'whole', '/run/whole');
    mkdirSync('/run/whole/outer/inner', { recursive: true });
    writeFileSync('/run/whole/outer/inner/file', '');
    mount('--bind', '/run/whole/outer/inner', '/run/bound/here');

    const files = realFiles();
    const steps = files.file('/run/bound/here/file')?.steps ?? [];
    const met = [
      '/run/whole/outer/inner',
      '/run/whole/outer',
      '/run/whole',
      '/run/bound',
      '/run',
      '/',
      '/etc',
    ].map((path) => {
      const anchor = files.anchor(path);
      // Whatever else is at the same place, the covered directory of a mount is not told by its inode.
      return steps.findIndex((step) => isAt(anchor, step));
    });
    expect(met.slice(0, 3)).toEqual([1, 2, 3]);
    expect(met.at(-1)).toBe(-1);
    const [bound = 0, run = 0, root = 0] = met.slice(3);
    expect(bound).toBeGreaterThan(3);
    expect(run).toBeGreaterThan(bound);
    expect(root).toBe(steps.length - 1);
    expect(steps[3]).toMatchObject({ entry: null, fileSystem: 'tmpfs' });
    // The directory that the bind mount covers hangs in /run/bound.
    expect(steps[4]).toMatchObject({ inode: null, entry: { name: 'here' } });
  });
});
