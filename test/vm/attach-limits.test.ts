import { describe, expect, test } from 'vitest';
import { BpfObject, type BpfProgram, type Link } from '../../src/index.js';
import { TestCgroup } from '../support/cgroup.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

const close = (links: readonly Link[]): void => {
  for (const link of links) link.close();
};

describe('a hook', () => {
  test('takes as many programs as the kernel has room for, and the next is refused with the limit', async () => {
    using object = await BpfObject.open(fixture('crowd')).load();
    const programs = Object.values(object.programs);
    const most = kernelIsAtLeast(7, 3) ? 36 : 38;
    const links = programs.slice(0, most).map((program) => program.attach());
    const error = await thrown(() => programs[most]?.attach());
    expect(error).toMatchObject({ code: 'E2BIG', reason: 'kernel', hook: 'inode_rmdir' });
    expect(error.message).toContain('as many programs as a kernel function can have are on it');
    expect(error.hint).toContain(`${most}`);
    links.pop()?.close();
    const last = programs[most]?.attach();
    expect(last?.info()).toMatchObject({ type: 'tracing' });
    close([...links, ...(last ? [last] : [])]);
  });

  test('takes a program once at a time', async () => {
    using object = await BpfObject.open(fixture('crowd')).load();
    const program = object.programs.allow_1 as BpfProgram;
    const link = program.attach();
    const error = await thrown(() => program.attach());
    expect(error).toMatchObject({ code: 'EBUSY', reason: 'input', program: 'allow_1', hook: 'inode_rmdir' });
    expect(error.hint).toContain('close its link first');
    link.close();
    program.attach().close();
  });
});

describe('lsm_cgroup/ programs', () => {
  test('can be on ten hooks at the same time, and an eleventh is refused with the reason', async () => {
    using object = await BpfObject.open(fixture('eleven_hooks')).load();
    using cgroup = new TestCgroup('eleven-hooks');
    const programs = Object.values(object.programs);
    expect(programs).toHaveLength(11);
    const links = programs.slice(0, 10).map((program) => program.attach({ cgroup: cgroup.path }));
    const error = await thrown(() => programs[10]?.attach({ cgroup: cgroup.path }));
    expect(error).toMatchObject({ code: 'EINVAL', reason: 'kernel', hook: 'socket_shutdown' });
    expect(error.message).toContain('ten hooks have lsm_cgroup/ programs');
    close(links.splice(0, 1));
    // The kernel frees the place in a worker.
    let late: Link | undefined;
    await expect
      .poll(
        () => {
          late = programs[10]?.attach({ cgroup: cgroup.path });
          return late?.info();
        },
        { timeout: 20_000 },
      )
      .toMatchObject({ type: 'cgroup' });
    close([...links, ...(late ? [late] : [])]);
  });

  test('cannot sleep, and are refused on every kernel, also on one that would take them', async () => {
    const open = BpfObject.open(fixture('trace_kinds'));
    const { lsm_sleepable: program } = open.programs;
    if (!program) throw new Error('the fixture has changed');
    expect(program).toMatchObject({ sleepable: true, expectedAttachType: 'lsm_mac' });
    program.expectedAttachType = 'lsm_cgroup';
    const error = await thrown(() => open.load());
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', program: 'lsm_sleepable', hook: 'file_open' });
    expect(error.message).toContain('lsm_cgroup/ programs cannot sleep');
  });
});
