import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { UnlinkRunning } from '../../examples/types/unlink_running.js';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { Helper } from '../support/helper.js';
import { program, shipped } from '../support/objects.js';

const directory = mkdtempSync(join(tmpdir(), 'unlink-running-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A copy of a program that deletes and renames on request. */
function copy(name: string): string {
  const path = join(directory, name);
  copyFileSync(program('calls'), path);
  return path;
}

/** One process that runs this file; it answers, so its exec is over. */
async function running(path: string): Promise<Helper> {
  const helper = new Helper(path);
  expect(await helper.ask('unlink', join(directory, 'nonexistent'))).toBe('ENOENT');
  return helper;
}

async function load(settings: Partial<UnlinkRunning['globals']> = {}): Promise<BpfObject<UnlinkRunning>> {
  const open = BpfObject.open<UnlinkRunning>(shipped('examples/unlink_running'));
  Object.assign(open.globals, settings);
  return open.load();
}

describe('the example unlink_running', () => {
  test('can tell on this kernel which programs run', async () => {
    using guard = await load();
    expect(guard.programs.check_own_program.run()).toBe(1);
  });

  test('reports that a running program is deleted, and nothing of an idle copy', async () => {
    const [before, busy, idle, ended, after] = ['before', 'busy', 'idle', 'ended', 'after'].map(copy) as [
      string,
      string,
      string,
      string,
      string,
    ];
    using first = await running(before);
    using second = await running(busy);
    using third = await running(busy);
    using fourth = await running(after);
    await (await running(ended)).end();
    const { ino } = statSync(busy);
    using guard = await load();
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });

    unlinkSync(before);
    {
      using _link = guard.programs.judge_unlink.attach();
      unlinkSync(busy);
      unlinkSync(idle);
      unlinkSync(ended);
    }
    unlinkSync(after);

    expect(events.read()).toMatchObject([
      {
        name: 'busy',
        inode: BigInt(ino),
        pid: process.pid,
        uid: 0,
        links: 1,
        itself: false,
        loss: 'LOSS_UNLINKED',
        verdict: 'VERDICT_ALLOWED',
      },
    ]);
    expect(guard.globals.seen).toBe(1n);
    expect(events.stats()).toEqual({ delivered: 1, discarded: 0, dropped: 0n, waiting: 0 });
    expect([first, second, third, fourth].every(({ pid }) => pid > 0)).toBe(true);
  });

  test('counts the address spaces that run it, and the names it has', async () => {
    const [one, two] = [copy('one'), join(directory, 'two')];
    spawnSync('ln', [one, two]);
    const helpers = [await running(one), await running(two), await running(one)];
    using guard = await load();
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.judge_unlink.attach();
    unlinkSync(one);
    await helpers[0]?.end();
    unlinkSync(two);
    expect(events.read()).toMatchObject([
      { name: 'one', links: 2, running: 3 },
      { name: 'two', links: 1, running: 2 },
    ]);
    for (const helper of helpers) helper[Symbol.dispose]();
  });

  test('reports that another file takes its place, and nothing when its own name changes', async () => {
    const [busy, idle, next] = ['busy', 'idle', 'next'].map(copy) as [string, string, string];
    using _helper = await running(busy);
    using guard = await load();
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.judge_rename.attach();
    renameSync(busy, `${busy}-moved`);
    renameSync(`${busy}-moved`, busy);
    renameSync(next, idle);
    expect(events.read()).toEqual([]);
    renameSync(idle, busy);
    expect(events.read()).toMatchObject([{ name: 'busy', loss: 'LOSS_REPLACED', pid: process.pid }]);
    unlinkSync(busy);
  });

  test('sees programs of an overlay as those of any file system', async () => {
    // The guest's root is one. The copy is in the upper layer, and is unlinked there too: that is no second event.
    const overlay = mkdtempSync('/root/unlink-running-');
    const [busy, idle] = [join(overlay, 'busy'), join(overlay, 'idle')];
    for (const path of [busy, idle]) copyFileSync(program('calls'), path);
    using helper = await running(busy);
    using guard = await load({ deny: 'DENY_ITSELF' });
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.judge_unlink.attach();
    unlinkSync(idle);
    expect(await helper.ask('unlink', busy)).toBe('EPERM');
    unlinkSync(busy);
    expect(events.read()).toMatchObject([
      { name: 'busy', running: 1, itself: true, verdict: 'VERDICT_DENIED' },
      { name: 'busy', running: 1, itself: false, verdict: 'VERDICT_ALLOWED', pid: process.pid },
    ]);
    rmSync(overlay, { recursive: true });
  });

  test('denies a program to delete itself, while it is attached', async () => {
    const [self, other, idle, last] = ['self', 'other', 'idle', 'last'].map(copy) as [
      string,
      string,
      string,
      string,
    ];
    // What it may do before: on a copy, since it can be done only once.
    const first = copy('first');
    using early = await running(first);
    expect(await early.ask('unlink', first)).toBe('0');

    using helper = await running(self);
    using neighbour = await running(other);
    using guard = await load({ deny: 'DENY_ITSELF' });
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    const links = [guard.programs.judge_unlink.attach(), guard.programs.judge_rename.attach()];
    expect(await helper.ask('unlink', self)).toBe('EPERM');
    expect(await helper.ask('rename', last, self)).toBe('EPERM');
    expect(existsSync(self) && existsSync(last)).toBe(true);
    expect(await helper.ask('unlink', idle)).toBe('0');
    expect(await helper.ask('unlink', other)).toBe('0');
    expect(events.read()).toMatchObject([
      {
        name: 'self',
        pid: helper.pid,
        itself: true,
        loss: 'LOSS_UNLINKED',
        verdict: 'VERDICT_DENIED',
        comm: 'self',
      },
      { name: 'self', pid: helper.pid, itself: true, loss: 'LOSS_REPLACED', verdict: 'VERDICT_DENIED' },
      { name: 'other', pid: helper.pid, itself: false, loss: 'LOSS_UNLINKED', verdict: 'VERDICT_ALLOWED' },
    ]);

    // Allowed again by the setting, and by the end of the link.
    guard.globals.deny = 'DENY_NOBODY';
    expect(await helper.ask('rename', last, self)).toBe('0');
    guard.globals.deny = 'DENY_ITSELF';
    using again = await running(self);
    expect(await again.ask('unlink', self)).toBe('EPERM');
    for (const link of links) link.close();
    expect(await again.ask('unlink', self)).toBe('0');
    expect([guard.globals.seen, guard.globals.denied]).toEqual([5n, 3n]);
    expect(events.stats()).toMatchObject({ dropped: 0n });
    expect(neighbour.pid).toBeGreaterThan(0);
  });

  test('denies everyone, within a cgroup, to delete what runs', async () => {
    const cgroup = '/sys/fs/cgroup/deleting';
    mkdirSync(cgroup);
    const [busy, idle] = ['busy', 'idle'].map(copy) as [string, string];
    {
      using _helper = await running(busy);
      using guard = await load({ deny: 'DENY_EVERYONE', target_cgroup: BigInt(statSync(cgroup).ino) });
      const inside = (path: string) =>
        spawnSync('/bin/sh', ['-c', `echo $$ > ${cgroup}/cgroup.procs; exec rm -f ${path}`]).status;
      using _link = guard.programs.judge_unlink.attach();
      expect(inside(busy)).toBe(1);
      expect(existsSync(busy)).toBe(true);
      expect(inside(idle)).toBe(0);
      expect(existsSync(idle)).toBe(false);
      expect(guard.globals.denied).toBe(1n);
      unlinkSync(busy);
    }
    rmdirSync(cgroup);
  });
});
