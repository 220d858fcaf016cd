import { kernelLines, Vm } from 'bpf-lsm/testing';
import { expect, test } from 'vitest';
import { fixture, shipped } from '../support/objects.js';

test.each(kernelLines)(
  'on Linux %s, locked down to confidentiality, reading by address is explained and typed reads go on',
  async (kernel) => {
    const vm = await Vm.boot({ kernel, append: 'lockdown=confidentiality' });
    try {
      const load = async (object: string) => {
        const { stdout, stderr } = await vm.run(['node', 'test/children/load-object.mjs', object]);
        expect(stderr).toBe('');
        return JSON.parse(stdout) as unknown;
      };
      expect(await load(fixture('faulty_probe_read'))).toMatchObject({
        reason: 'permission',
        message: expect.stringMatching(
          /locked down \(confidentiality\), which takes the helper bpf_probe_read(_kernel)? away .*; read through typed pointers/,
        ),
      });
      expect(await load(shipped('examples/mprotect_guard'))).toEqual({ loaded: ['guard_mprotect'] });
    } finally {
      await vm.close();
    }
  },
);

test('without lockdown the same program loads', async () => {
  const vm = await Vm.boot({ kernel: '7.3' });
  try {
    const { stdout } = await vm.run(['node', 'test/children/load-object.mjs', fixture('faulty_probe_read')]);
    expect(JSON.parse(stdout)).toEqual({ loaded: ['faulty_probe_read'] });
  } finally {
    await vm.close();
  }
});
