import { kernelLines, Vm } from 'bpf-lsm/testing';
import { expect, test } from 'vitest';

interface Told {
  before: Record<'inside' | 'outside', string>;
  attempts: Record<string, string | string[]>;
  after: Record<'inside' | 'outside', string>;
}

const LOCKED = { inside: 'EACCES', outside: '0' };

test.each(kernelLines)(
  'on Linux %s, root can end and change what is attached to a cgroup, until it is locked',
  async (kernel) => {
    const vm = await Vm.boot({ kernel });
    try {
      const run = async (...command: string[]) => {
        const { stdout, stderr } = await vm.run(['node', ...command]);
        expect(stderr).toBe('');
        return stdout;
      };
      const tryAll = async (name: string, told: string) =>
        JSON.parse(await run('test/children/cgroup-unlock.mjs', name, told)) as Told;

      const locked = await run('test/children/cgroup-lock.mjs', 'locked', 'lock');
      expect(JSON.parse(locked)).toMatchObject({ carriers: ['lsm_cgroup', 'gated_lsm'] });
      const { before, attempts, after } = await tryAll('locked', locked);
      expect(attempts).toEqual({
        list: 'EPERM',
        openPin: 'EPERM',
        addPin: 'EPERM',
        rename: 'EPERM',
        openLinks: ['EPERM', 'EPERM'],
        openPrograms: ['EPERM', 'EPERM'],
        openGate: 'EPERM',
        addProgram: 'EPERM',
        update: 'EPERM',
        ftrace: 'EPERM',
        anotherSwitch: '0',
        emptyGate: 'EPERM',
        detach: 'EPERM',
        detachProgram: 'EPERM',
        unlink: ['EPERM', 'EPERM', 'EPERM'],
        umount: 'EPERM',
      });
      expect([before, after]).toEqual([LOCKED, LOCKED]);
    } finally {
      await vm.close();
    }
  },
);

test.each(kernelLines)(
  'on Linux %s, after a reboot nothing is locked, and all of it can be done',
  async (kernel) => {
    const vm = await Vm.boot({ kernel });
    try {
      const run = async (...command: string[]) => (await vm.run(['node', ...command])).stdout;
      const pinned = await run('test/children/cgroup-lock.mjs', 'open');
      const told = await run('test/children/cgroup-unlock.mjs', 'open', pinned);
      const { before, attempts, after } = JSON.parse(told) as Told;
      const { ftrace, detachProgram, unlink, ...others } = attempts;
      expect(before).toEqual(LOCKED);
      for (const outcome of Object.values(others).flat()) expect(outcome).toBe('0');
      expect(['0', 'EPERM']).not.toContain(detachProgram);
      expect(unlink).toEqual(['0', 'ENOENT', '0']);
      expect(ftrace).toBe('0');
      expect(after).toEqual({ inside: '0', outside: '0' });
    } finally {
      await vm.close();
    }
  },
);
