import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ProcMemGuard } from '../../examples/types/proc_mem_guard.js';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { Helper } from '../support/helper.js';
import { program, shipped } from '../support/objects.js';

/** `0` or the name of the errno. */
function tryOpen(path: string, flags: 'r' | 'r+'): string {
  try {
    closeSync(openSync(path, flags));
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

async function load(settings: Partial<ProcMemGuard['globals']> = {}): Promise<BpfObject<ProcMemGuard>> {
  const open = BpfObject.open<ProcMemGuard>(shipped('examples/proc_mem_guard'));
  Object.assign(open.globals, settings);
  return open.load();
}

describe('the example proc_mem_guard', () => {
  test('reports who opens whose memory for writing, and no reader', async () => {
    using target = new Helper(program('calls'));
    using guard = await load();
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    const mem = `/proc/${target.pid}/mem`;
    {
      using _link = guard.programs.guard_proc_mem.attach();
      expect(tryOpen(mem, 'r')).toBe('0');
      expect(events.read()).toEqual([]);
      expect(tryOpen(mem, 'r+')).toBe('0');
    }
    expect(tryOpen(mem, 'r+')).toBe('0');
    expect(events.read()).toMatchObject([
      {
        pid: process.pid,
        uid: 0,
        target: target.pid,
        target_tid: target.pid,
        way: 'WAY_PROC_MEM',
        verdict: 'VERDICT_WOULD_DENY',
      },
    ]);
    expect(guard.globals.seen).toBe(1n);
    expect(events.stats()).toEqual({ delivered: 1, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('denies it, while it is attached, and nothing else', async () => {
    using target = new Helper(program('calls'));
    using bystander = new Helper(program('calls'));
    const mem = `/proc/${target.pid}/mem`;
    expect(tryOpen(mem, 'r+')).toBe('0');

    using guard = await load({ mode: 'MODE_ENFORCE', target_pid: target.pid });
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    expect(tryOpen(mem, 'r+')).toBe('0');
    const link = guard.programs.guard_proc_mem.attach();
    expect(tryOpen(mem, 'r+')).toBe('EPERM');
    expect(tryOpen(`/proc/${target.pid}/task/${target.pid}/mem`, 'r+')).toBe('EPERM');
    expect(tryOpen(mem, 'r')).toBe('0');
    expect(tryOpen(`/proc/${target.pid}/comm`, 'r+')).toBe('0');
    expect(tryOpen(`/proc/${bystander.pid}/mem`, 'r+')).toBe('0');
    expect(tryOpen('/proc/sys/kernel/panic', 'r+')).toBe('0');
    expect(spawnSync('/bin/sh', ['-c', `exec 3<>${mem}`]).status).not.toBe(0);

    guard.globals.mode = 'MODE_AUDIT';
    expect(tryOpen(mem, 'r+')).toBe('0');
    guard.globals.mode = 'MODE_ENFORCE';
    expect(tryOpen(mem, 'r+')).toBe('EPERM');
    link.close();
    expect(tryOpen(mem, 'r+')).toBe('0');
    expect([guard.globals.seen, guard.globals.denied]).toEqual([5n, 4n]);
    expect(events.read().map(({ verdict }) => verdict)).toEqual([
      'VERDICT_DENIED',
      'VERDICT_DENIED',
      'VERDICT_DENIED',
      'VERDICT_WOULD_DENY',
      'VERDICT_DENIED',
    ]);
  });

  test('leaves a process its own memory, by whatever thread, unless told otherwise', async () => {
    using guard = await load();
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.guard_proc_mem.attach();
    const thread = readdirSync('/proc/self/task').find((tid) => Number(tid) !== process.pid);
    expect(thread).toBeDefined();
    const own = ['/proc/self/mem', `/proc/${process.pid}/mem`, `/proc/self/task/${thread}/mem`];
    for (const path of own) expect(tryOpen(path, 'r+')).toBe('0');
    expect(events.read()).toEqual([]);
    guard.globals.skip_self = false;
    for (const path of own) expect(tryOpen(path, 'r+')).toBe('0');
    expect(events.read()).toMatchObject([
      { pid: process.pid, target: process.pid, target_tid: process.pid },
      { pid: process.pid, target: process.pid, target_tid: process.pid },
      { pid: process.pid, target: process.pid, target_tid: Number(thread) },
    ]);
  });

  test('covers what a cgroup does, and nothing beside it', async () => {
    const cgroup = '/sys/fs/cgroup/openers';
    mkdirSync(cgroup);
    using target = new Helper(program('calls'));
    const open = `exec 3<>/proc/${target.pid}/mem`;
    const inside = () => spawnSync('/bin/sh', ['-c', `echo $$ > ${cgroup}/cgroup.procs; ${open}`]).status;
    const outside = () => spawnSync('/bin/sh', ['-c', open]).status;
    {
      using guard = await load({ mode: 'MODE_ENFORCE', opener_cgroup: BigInt(statSync(cgroup).ino) });
      expect([inside(), outside()]).toEqual([0, 0]);
      using _link = guard.programs.guard_proc_mem.attach();
      expect(inside()).not.toBe(0);
      expect(outside()).toBe(0);
    }
    expect([inside(), outside()]).toEqual([0, 0]);
    rmdirSync(cgroup);
  });

  test('covers ptrace and process_vm_writev by a program of its own, readers of mem included', async () => {
    using target = new Helper(program('calls'));
    using bystander = new Helper(program('calls'));
    using caller = new Helper(program('calls'));
    const mem = `/proc/${target.pid}/mem`;
    expect(await caller.ask('process_vm_writev', target.pid)).toBe('EFAULT');

    using guard = await load({ mode: 'MODE_ENFORCE', target_pid: target.pid });
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using other = guard.programs.guard_proc_mem.attach();
    expect(await caller.ask('process_vm_writev', target.pid)).toBe('EFAULT');
    other.close();

    const link = guard.programs.guard_access.attach();
    expect(await caller.ask('process_vm_writev', target.pid)).toBe('EPERM');
    expect(await caller.ask('ptrace', target.pid)).toBe('EPERM');
    expect(await caller.ask('process_vm_writev', bystander.pid)).toBe('EFAULT');
    // proc_mem_open() has an errno of its own for whatever mm_access() is denied.
    expect(tryOpen(mem, 'r')).toBe('EACCES');
    expect(events.read()).toMatchObject([
      { pid: caller.pid, target: target.pid, way: 'WAY_ACCESS', verdict: 'VERDICT_DENIED', comm: 'calls' },
      { pid: caller.pid, target: target.pid, way: 'WAY_ACCESS', verdict: 'VERDICT_DENIED' },
      { pid: process.pid, target: target.pid, way: 'WAY_ACCESS', verdict: 'VERDICT_DENIED' },
    ]);
    link.close();
    expect(await caller.ask('process_vm_writev', target.pid)).toBe('EFAULT');
    expect(await caller.ask('ptrace', target.pid)).toBe('0');
    expect(tryOpen(mem, 'r')).toBe('0');
  });
});
