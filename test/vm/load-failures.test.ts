import { describe, expect, test } from 'vitest';
import { type BpfError, BpfObject } from '../../src/index.js';
import { bpfFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

async function failureOf(name: string): Promise<BpfError> {
  const before = bpfFiles();
  const error = await thrown(() => BpfObject.open(fixture(name)).load());
  expect(bpfFiles()).toEqual(before);
  return error;
}

describe('a program that the kernel refuses', () => {
  test('because it writes through a pointer to a kernel structure', async () => {
    const error = await failureOf('faulty_write');
    expect(error).toMatchObject({
      code: 'EACCES',
      reason: 'input',
      program: 'faulty_write',
      hook: 'file_open',
    });
    expect(error.syscall).toBe('bpf(BPF_PROG_LOAD)');
    expect(error.message).toContain('writes to a kernel structure');
    expect(error.verifierLog).toContain('only read is supported');
  });

  test('because the hook does not exist', async () => {
    const error = await failureOf('faulty_hook');
    expect(error).toMatchObject({ code: 'ESRCH', reason: 'kernel', hook: 'no_such_hook' });
    expect(error.message).toContain('this kernel has no LSM hook no_such_hook');
  });

  test('because it reads an argument that the hook does not have', async () => {
    const error = await failureOf('faulty_args');
    expect(error).toMatchObject({ code: 'EACCES', reason: 'input', hook: 'file_open' });
    expect(error.hint).toContain('int file_open(struct file *file)');
    expect(error.verifierLog).toContain("doesn't have 3-th argument");
  });

  test('because its licence is not GPL-compatible', async () => {
    const error = await failureOf('faulty_license');
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input', hook: 'file_open' });
    expect(error.message).toContain('GPL-compatible licence');
  });

  test('because it does not check a pointer for NULL', async () => {
    const error = await failureOf('faulty_null');
    expect(error).toMatchObject({ code: 'EACCES', reason: 'input', hook: 'file_open' });
    expect(error.message).toContain('may be NULL');
    expect(error.hint).toContain('NULL');
    expect(error.verifierLog).toMatch(/map_value_or_null|NULL/);
  });

  test('because the hook is disabled for BPF', async () => {
    const error = await failureOf('faulty_disabled');
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'kernel', hook: 'inode_listsecurity' });
    expect(error.message).toContain('does not let BPF use the hook');
  });

  test('because the hook cannot sleep', async () => {
    const error = await failureOf('faulty_sleepable');
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'kernel', hook: 'file_mprotect' });
    expect(error.hint).toContain('SEC("lsm/file_mprotect")');
  });

  test('because it never ends', async () => {
    const error = await failureOf('faulty_endless');
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input' });
    expect(error.message).toContain('infinite loop');
  });

  // verifier.c check_return_code(): "Regular BPF_PROG_TYPE_LSM programs can return any value" up to 6.1 at least.
  test('because it may return what is no errno, which Linux 6.1 lets pass', async () => {
    if (!kernelIsAtLeast(6, 12)) {
      using object = await BpfObject.open(fixture('faulty_return')).load();
      expect(Object.keys(object.programs)).toEqual(['faulty_return']);
      return;
    }
    const error = await failureOf('faulty_return');
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'input', hook: 'file_open' });
    expect(error.message).toContain('[-4095, 0]');
    expect(error.hint).toContain('-EPERM');
  });

  test('leaves nothing behind for the next, which loads', async () => {
    using object = await BpfObject.open(fixture('deny_mkdir')).load();
    expect(object.programs['deny_mkdir']?.info()).toMatchObject({
      name: 'deny_mkdir',
      type: 'lsm',
      createdByUid: 0,
    });
  });
});
