import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type BpfError, BpfObject } from '../../src/index.js';
import { native } from '../../src/native.js';
import { bpfFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { acceptances, type Expected, type Kernel, refusals } from '../support/refusals.js';
import { thrown } from '../support/thrown.js';

const kernel: Kernel = kernelIsAtLeast(7, 3) ? '7.3' : kernelIsAtLeast(6, 12) ? '6.12' : '6.1';

async function failureOf(name: string): Promise<BpfError> {
  const before = bpfFiles();
  const error = await thrown(() => BpfObject.open(fixture(name)).load());
  expect(bpfFiles()).toEqual(before);
  return error;
}

// It knows the section of faulty_section_new, and says of a weak kfunc what it says of others. Libbpf 1.1 and 1.5 were tried.
const [major = 0, minor = 0] = native().libbpfVersion().split('.').map(Number);
const libbpfIsNew = major > 1 || minor >= 3;

const JIT = '/proc/sys/net/core/bpf_jit_enable';

describe('a program that the kernel refuses is explained, and leaves nothing behind:', () => {
  // Five times a million instructions in emulation, for a message that the unit tests see.
  const { faulty_large, faulty_section_new, ...others } = refusals(kernel);
  const quick = Object.entries({
    ...others,
    ...(libbpfIsNew ? { faulty_kfunc_weak: others.faulty_kfunc as Expected } : { faulty_section_new }),
  }) as [string, Expected][];

  test.each(quick)('%s', async (name, [reason, why, hint]) => {
    const error = await failureOf(name);
    expect(error.message).toMatch(why);
    expect(error.hint).toMatch(hint);
    expect(error).toMatchObject({ reason, code: expect.stringMatching(/^E[A-Z0-9]+$/) });
    expect(error.errno).toBeLessThan(0);
    if (error.verifierLog === undefined) return;
    expect(error).toMatchObject({ program: name, syscall: 'bpf(BPF_PROG_LOAD)' });
    expect(error.verifierLog).toContain('processed ');
    expect(error.verifier?.reason).not.toBe('');
  });

  test('because the hook does not exist, with those that are named nearly so', async () => {
    const error = await failureOf('near_hook');
    expect(error).toMatchObject({ code: 'ESRCH', reason: 'kernel', hook: 'file_opne' });
    expect(error.hint).toMatch(/^did you mean (\w+ or )*file_open\b/);
  });

  test('because it calls a kernel function while programs are not compiled', async () => {
    const before = readFileSync(JIT, 'utf8');
    writeFileSync(JIT, '0');
    try {
      const error = await failureOf('faulty_jit');
      expect(error).toMatchObject({ reason: 'kernel', program: 'faulty_jit' });
      expect(error.message).toContain('takes programs that are compiled to machine code');
      expect(error.hint).toContain('sysctl net.core.bpf_jit_enable=1');
    } finally {
      writeFileSync(JIT, before);
    }
    (await BpfObject.open(fixture('faulty_jit')).load()).close();
  });
});

describe('the fields of a refusal by the verifier', () => {
  test('are what the log says, in the format of this kernel', async () => {
    const { verifier } = await failureOf('faulty_null');
    expect(verifier).toMatchObject({
      format: kernel === '7.3' ? 'sections' : 'classic',
      instruction: { index: 7, text: '(79) r1 = *(u64 *)(r0 +0)' },
      source: {
        text: '*count += 1;',
        ...(kernel !== '6.1' && { file: 'faulty_null.bpf.c', line: 18 }),
      },
    });
    expect(verifier?.reason).toMatch(/or_null|may be NULL/);
    expect(verifier?.suggestion).toEqual(
      kernel === '7.3' ? expect.stringMatching(/^Add a NULL check/) : undefined,
    );
  });

  test('come with the whole log, however long it is', async () => {
    const { verifierLog = '', libbpfLog = '', message } = await failureOf('long_log');
    expect(verifierLog.length).toBeGreaterThan(16 * 1024 * 1024);
    expect(verifierLog.slice(0, 200)).toMatch(/^(reg type .*\n)?0: R1=ctx\(/);
    expect(verifierLog.slice(-4000)).toMatch(/\nprocessed \d{6} insns .*\n(.*\n)*$/);
    expect(verifierLog).not.toContain('left out here');
    expect(libbpfLog.length).toBeGreaterThan(verifierLog.length);
    expect(message.length).toBeLessThan(300);
  }, 180_000);
});

describe('a program that this kernel loads, although others refuse it:', () => {
  test.each(acceptances(kernel))('%s', async (name) => {
    using object = await BpfObject.open(fixture(name)).load();
    expect(Object.keys(object.programs)).toEqual([name]);
  });
});

test('the next one loads', async () => {
  using object = await BpfObject.open(fixture('deny_mkdir')).load();
  expect(object.programs.deny_mkdir?.info()).toMatchObject({
    name: 'deny_mkdir',
    type: 'lsm',
    createdByUid: 0,
  });
});
