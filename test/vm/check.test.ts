import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { MprotectGuard } from '../../examples/types/mprotect_guard.js';
import { BpfObject, check } from '../../src/index.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { shipped } from '../support/objects.js';
import { Target } from '../support/target.js';
import { thrown } from '../support/thrown.js';

const FTRACE = '/proc/sys/kernel/ftrace_enabled';

describe('check()', () => {
  test('says that LSM programs are usable, and has seen one fire', async () => {
    const report = await check();
    expect(report.usable).toBe(true);
    expect(report.lsms).toEqual(readFileSync('/sys/kernel/security/lsm', 'utf8').split(','));
    expect(report.lockdown).toBe('none');
    expect(report.landlockAbi).toBe(kernelIsAtLeast(7, 3) ? 11 : kernelIsAtLeast(6, 12) ? 6 : 2);
    expect(report.capabilities).toContain('CAP_BPF');
    expect(report.findings.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['built-in', 'yes'],
      ['active', 'yes'],
      ['btf', 'yes'],
      ['capabilities', 'yes'],
      ['lockdown', 'yes'],
      ['ftrace', 'yes'],
      ['jit', 'yes'],
      ['load', 'yes'],
      ['canary', 'yes'],
    ]);
  });

  test('concludes without the canary, and attaches nothing then', async () => {
    const report = await check({ canary: false });
    expect(report.usable).toBe(true);
    expect(report.findings.at(-1)).toMatchObject({ name: 'canary', verdict: 'unknown' });
  });
});

// kernel/trace/ftrace.c: 7.3 refuses to switch it off.
describe.runIf(!kernelIsAtLeast(7, 3))('with kernel.ftrace_enabled = 0', () => {
  afterEach(() => writeFileSync(FTRACE, '1'));

  test('check() says that programs are not called, and why, and attaches none', async () => {
    writeFileSync(FTRACE, '0');
    const report = await check();
    expect(report.usable).toBe(false);
    const ftrace = report.findings.find(({ name }) => name === 'ftrace');
    expect(ftrace).toMatchObject({ verdict: 'no', fix: expect.stringContaining('kernel.ftrace_enabled=1') });
    expect(report.findings.at(-1)).toMatchObject({ name: 'canary', verdict: 'unknown' });
  });

  test('an attached program is silently not called, and a new attachment is refused', async () => {
    using target = new Target();
    const open = BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard'));
    open.globals.target_pid = target.pid;
    open.globals.mode = 'MODE_ENFORCE';
    using guard = await open.load();
    const link = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-exec')).toBe('EPERM');

    writeFileSync(FTRACE, '0');
    expect(await target.ask('heap-exec')).toBe('0');
    link.close();
    for (const options of [{}, { allowInactive: true }]) {
      expect(await thrown(() => guard.programs.guard_mprotect.attach(options))).toMatchObject({
        code: 'ERR_BPF_INACTIVE',
        hook: 'file_mprotect',
        hint: expect.stringContaining('ftrace_enabled=1'),
      });
    }

    writeFileSync(FTRACE, '1');
    using _again = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-exec')).toBe('EPERM');
  });
});
