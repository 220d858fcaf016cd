import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Event, MprotectGuard } from '../../examples/types/mprotect_guard.js';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { shipped } from '../support/objects.js';
import { Target } from '../support/target.js';

type Settings = Partial<MprotectGuard['globals']>;

async function loadGuard(settings: Settings): Promise<BpfObject<MprotectGuard>> {
  const open = BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard'));
  Object.assign(open.globals, settings);
  return open.load();
}

async function firstEvent(guard: BpfObject<MprotectGuard>): Promise<Event> {
  using ring = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
  for await (const event of ring) return event;
  throw new Error('no event');
}

describe('an LSM program on file_mprotect', () => {
  test('denies while it is attached, and not before or after', async () => {
    using target = new Target();
    using bystander = new Target();
    expect(await target.ask('heap-exec')).toBe('0');

    using guard = await loadGuard({ target_pid: target.pid, mode: 'MODE_ENFORCE' });
    expect(await target.ask('heap-exec')).toBe('0');

    const link = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(await target.ask('stack-exec')).toBe('EPERM');
    expect(await target.ask('file-exec')).toBe('0');
    expect(await bystander.ask('heap-exec')).toBe('0');

    link.close();
    expect(await target.ask('heap-exec')).toBe('0');
  });

  test('is shown by bpftool as a tracing link of type lsm_mac with our ids', async () => {
    using guard = await loadGuard({});
    using link = guard.programs.guard_mprotect.attach();
    const { stdout } = spawnSync('bpftool', ['-j', 'link', 'show', 'id', String(link.id)], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      id: link.id,
      type: 'tracing',
      attach_type: 'lsm_mac',
      prog_id: guard.programs.guard_mprotect.info().id,
    });
    expect(link.info()).toMatchObject({ type: 'tracing', attachType: 'lsm_mac' });
  });

  test('gives the caller the errno that the policy names', async () => {
    using target = new Target();
    using guard = await loadGuard({ target_pid: target.pid, mode: 'MODE_ENFORCE' });
    using _link = guard.programs.guard_mprotect.attach();
    for (const [errno, name] of [
      [1, 'EPERM'],
      [13, 'EACCES'],
      [28, 'ENOSPC'],
    ] as const) {
      guard.globals.deny_errno = errno;
      expect(await target.ask('heap-exec')).toBe(name);
    }
  });

  test('guards writing only when told so', async () => {
    using target = new Target();
    using guard = await loadGuard({ target_pid: target.pid, mode: 'MODE_ENFORCE' });
    using _link = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-write')).toBe('0');
    guard.globals.guard_write = true;
    expect(await target.ask('heap-write')).toBe('EPERM');
    guard.globals.guard_write = false;
    expect(await target.ask('heap-write')).toBe('0');
  });

  test('audits without denying, and switches while it runs', async () => {
    using target = new Target();
    using guard = await loadGuard({ target_pid: target.pid, mode: 'MODE_AUDIT' });
    const { id } = guard.programs.guard_mprotect.info();
    using _link = guard.programs.guard_mprotect.attach();
    expect(await target.ask('heap-exec')).toBe('0');
    expect(await firstEvent(guard)).toMatchObject({
      pid: target.pid,
      area: 'AREA_HEAP',
      verdict: 'VERDICT_WOULD_DENY',
      comm: 'mprotect',
      error: 1,
    });

    guard.globals.mode = 'MODE_ENFORCE';
    expect(await target.ask('heap-exec')).toBe('EPERM');
    expect(await firstEvent(guard)).toMatchObject({ pid: target.pid, verdict: 'VERDICT_DENIED' });
    expect(guard.programs.guard_mprotect.info().id).toBe(id);
    expect([guard.globals.seen, guard.globals.denied]).toEqual([2n, 1n]);
  });

  test('covers a cgroup with all that is below it, and nothing beside it', async () => {
    const [guarded, below, beside] = ['guarded', 'guarded/below', 'beside'].map(
      (name) => `/sys/fs/cgroup/${name}`,
    ) as [string, string, string];
    for (const cgroup of [guarded, below, beside]) mkdirSync(cgroup);
    {
      using inside = new Target();
      using outside = new Target();
      writeFileSync(`${below}/cgroup.procs`, String(inside.pid));
      writeFileSync(`${beside}/cgroup.procs`, String(outside.pid));
      using guard = await loadGuard({ mode: 'MODE_ENFORCE', target_cgroup: BigInt(statSync(guarded).ino) });
      using _link = guard.programs.guard_mprotect.attach();
      expect(await inside.ask('heap-exec')).toBe('EPERM');
      expect(await outside.ask('heap-exec')).toBe('0');
      writeFileSync('/sys/fs/cgroup/cgroup.procs', String(inside.pid));
      writeFileSync('/sys/fs/cgroup/cgroup.procs', String(outside.pid));
      expect(await inside.ask('heap-exec')).toBe('0');
    }
    for (const cgroup of [below, guarded, beside]) rmdirSync(cgroup);
  });
});
