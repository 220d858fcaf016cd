import { kernelLines, Vm } from 'bpf-lsm/testing';
import { expect, test } from 'vitest';

interface Told {
  before: Record<'inside' | 'outside', string>;
  attempts: Record<string, string | string[]>;
  after: Record<'inside' | 'outside', string>;
}

const DENIED = { inside: 'EACCES', outside: '0' };
const ALLOWED = { inside: '0', outside: '0' };

test.each(kernelLines)(
  'on Linux %s, root can end and change what is attached to a cgroup, unless it is locked',
  async (kernel) => {
    const vm = await Vm.boot({ kernel });
    try {
      const run = async (...command: string[]) => {
        const { stdout, stderr } = await vm.run(command);
        expect(stderr).toBe('');
        return stdout;
      };
      const attach = (...words: string[]) => run('node', 'test/children/cgroup-lock.mjs', ...words);
      const tryAll = async (name: string, told: string) =>
        JSON.parse(await run('node', 'test/children/cgroup-unlock.mjs', name, told)) as Told;

      const open = await tryAll('open', await attach('open'));
      const { detachProgram, unlink, ...others } = open.attempts;
      for (const outcome of Object.values(others).flat()) expect(outcome).toBe('0');
      // The link was detached before, so there is no such program.
      expect(['0', 'EPERM']).not.toContain(detachProgram);
      expect(unlink).toEqual(['0', 'ENOENT', '0']);
      expect([open.before, open.after]).toEqual([DENIED, ALLOWED]);

      await run('mount', '-t', 'bpf', 'bpf', '/sys/fs/bpf');
      const told = await attach('locked', 'lock');
      expect(JSON.parse(told)).toMatchObject({ carriers: ['lsm_cgroup', 'gated_lsm'] });
      const locked = await tryAll('locked', told);
      expect(locked.attempts).toEqual({
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
      expect([locked.before, locked.after]).toEqual([DENIED, DENIED]);
    } finally {
      await vm.close();
    }
  },
);
