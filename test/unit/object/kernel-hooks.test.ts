import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasLsmHooks, hookPrototype, similarHooks } from '../../../src/object/kernel-hooks.js';

const PATH = '/sys/kernel/btf/vmlinux';
const why = !existsSync(PATH)
  ? `there is no ${PATH}`
  : !hasLsmHooks()
    ? 'this kernel has no BPF LSM'
    : undefined;

describe.skipIf(why)(`the hooks of the running kernel${why ? ` (skipped: ${why})` : ''}`, () => {
  // Hooks whose prototypes have been the same since Linux 5.7.
  test.each([
    ['file_open', 'int file_open(struct file *file)'],
    ['task_free', 'void task_free(struct task_struct *task)'],
    ['inode_mkdir', 'int inode_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)'],
  ])('%s has its prototype as C writes it', (hook, prototype) => {
    expect(hookPrototype(hook)).toBe(prototype);
  });

  test('others have none', () => {
    expect(hookPrototype('no_such_hook')).toBeUndefined();
    expect(hookPrototype('')).toBeUndefined();
  });

  test.each([
    ['file_opne', 'file_open'],
    ['inode_mkdirs', 'inode_mkdir'],
    ['bprm_check_securty', 'bprm_check_security'],
  ])('%s is spelt nearly as %s', (wrong, right) => {
    const similar = similarHooks(wrong);
    expect(similar.length).toBeLessThanOrEqual(3);
    expect(similar[0]).toBe(right);
  });

  test('nothing is spelt nearly as what is far from all', () => {
    expect(similarHooks('xxxxxxxxxxxxxxxxxxxxxxxxxxxx')).toEqual([]);
  });
});
