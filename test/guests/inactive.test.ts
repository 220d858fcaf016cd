import { kernelLines, Vm } from 'bpf-lsm/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const WITHOUT_BPF = 'landlock,lockdown,yama,apparmor';

interface Finding {
  name: string;
  verdict: string;
  reason: string;
  fix?: string;
}

describe.each(kernelLines)('a guest with Linux %s booted without bpf in lsm=', (kernel) => {
  let vm: Vm;

  beforeAll(async () => {
    vm = await Vm.boot({ kernel, lsm: WITHOUT_BPF });
  });

  afterAll(async () => {
    await vm?.close();
  });

  test('check says so, has seen that no program fires, and names the command line to add', async () => {
    const { code, stdout } = await vm.run(['node', 'dist/cli/main.js', 'check', '--json']);
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as { usable: boolean; lsms: string[]; findings: Finding[] };
    expect(report.usable).toBe(false);
    expect(report.lsms).not.toContain('bpf');
    const finding = (name: string) => report.findings.find((found) => found.name === name);
    expect(finding('active')).toMatchObject({
      verdict: 'no',
      fix: expect.stringMatching(/lsm=[a-z,]*yama,[a-z,]*bpf$/),
    });
    expect(finding('built-in')).toMatchObject({ verdict: 'yes' });
    expect(finding('load')).toMatchObject({ verdict: 'yes' });
    expect(finding('canary')).toMatchObject({ verdict: 'no' });
  });

  test('attach() is refused, with the fix in its message', async () => {
    const { stdout, stderr } = await vm.run(['node', 'test/children/load-guard.mjs']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'ERR_BPF_INACTIVE',
      reason: 'kernel',
      message: expect.stringMatching(
        /would not be consulted: bpf is not an active LSM.*kernel command line.*lsm=/,
      ),
    });
  });
});
