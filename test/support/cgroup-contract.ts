import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cgroup } from '../../src/index.js';
import { thrown } from './thrown.js';

let serial = 0;

/** A cgroup for one test, which removes it with all that is below it. */
export class TestCgroup implements Disposable {
  readonly cgroup: Cgroup = Cgroup.root().createChild(`bpf-lsm-test-${process.pid}-${serial++}`);

  [Symbol.dispose](): void {
    if (this.cgroup.removed) return;
    const inside = [...this.cgroup.subtree()].reverse();
    for (const each of inside) {
      for (const pid of each.processes()) Cgroup.root().add(pid);
      each.remove();
    }
  }
}

/** What a cgroup is and does, on pure and on hybrid hosts: for guests of any version, and for the host. */
export function describeCgroups(): void {
  describe('a cgroup', () => {
    let own: TestCgroup;

    beforeEach(() => {
      own = new TestCgroup();
    });

    afterEach(() => {
      own[Symbol.dispose]();
    });

    test('is made, found by its path and by its id, and removed', () => {
      const { cgroup } = own;
      expect(Cgroup.open(cgroup.path)).toEqual(cgroup);
      expect(Cgroup.byId(cgroup.id)).toEqual(cgroup);
      expect(cgroup.removed).toBe(false);
      cgroup.remove();
      expect(cgroup.removed).toBe(true);
    });

    test('has a parent, children and a subtree', () => {
      const { cgroup } = own;
      const a = cgroup.createChild('a');
      const deep = cgroup.createChild('b/c');
      expect(cgroup.parent).toEqual(Cgroup.root());
      expect(Cgroup.root().parent).toBeUndefined();
      expect(cgroup.children().map(({ name }) => name)).toEqual(['a', 'b']);
      expect([...cgroup.subtree()].map(({ name }) => name)).toEqual([cgroup.name, 'a', 'b', 'c']);
      expect(cgroup.child('b/c')).toEqual(deep);
      expect([
        cgroup.contains(cgroup),
        cgroup.contains(deep),
        a.contains(deep),
        deep.contains(cgroup),
      ]).toEqual([true, true, false, false]);
    });

    test('takes processes in, and tells which are in it', async () => {
      const { cgroup } = own;
      expect([cgroup.processes(), cgroup.populated]).toEqual([[], false]);
      const child = spawn('sleep', ['60']);
      const pid = child.pid ?? 0;
      const before = Cgroup.ofProcess(pid);
      expect(before).toEqual(Cgroup.ofProcess('self'));
      cgroup.add(pid);
      expect([cgroup.processes(), cgroup.populated]).toEqual([[pid], true]);
      expect(Cgroup.ofProcess(pid)).toEqual(cgroup);
      expect(await thrown(() => cgroup.remove())).toMatchObject({ code: 'EBUSY', path: cgroup.path });
      cgroup.kill();
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    });

    test('is told from another of its name', async () => {
      const { cgroup } = own;
      cgroup.remove();
      const other = Cgroup.create(cgroup.path);
      expect(other.id).not.toBe(cgroup.id);
      expect([cgroup.removed, other.removed]).toEqual([true, false]);
      for (const use of [
        () => cgroup.children(),
        () => cgroup.processes(),
        () => cgroup.add(process.pid),
        () => cgroup.remove(),
        () => cgroup.createChild('x'),
        () => cgroup.populated,
      ]) {
        expect(await thrown(use)).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE', path: cgroup.path });
      }
      expect(other.removed).toBe(false);
      other.remove();
    });

    test('says so when it is gone', async () => {
      const { cgroup } = own;
      cgroup.remove();
      for (const use of [() => cgroup.children(), () => cgroup.add(process.pid), () => cgroup.remove()]) {
        expect(await thrown(use)).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE', path: cgroup.path });
      }
      expect([...cgroup.subtree()]).toEqual([cgroup]);
      expect(await thrown(() => Cgroup.byId(cgroup.id))).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
    });

    test('can be waited for to be removed, alone or with those above it', async () => {
      const { cgroup } = own;
      const deep = cgroup.createChild('a/b');
      const waiting = [deep.whenRemoved(), cgroup.whenRemoved()];
      cgroup.createChild('other').remove();
      expect(deep.removed).toBe(false);
      deep.remove();
      await waiting[0];
      cgroup.child('a').remove();
      cgroup.remove();
      await waiting[1];
      await cgroup.whenRemoved();
    });

    test('stops to wait when the signal says so', async () => {
      const stop = new AbortController();
      const waiting = own.cgroup.whenRemoved({ signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await expect(
        own.cgroup.whenRemoved({ signal: AbortSignal.abort(new Error('at once')) }),
      ).rejects.toThrow('at once');
    });
  });

  describe('no cgroup', () => {
    test.each([
      ['a directory elsewhere', tmpdir(), 'ERR_BPF_NOT_CGROUP'],
      ['a file', '/etc/passwd', 'ENOTDIR'],
      ['nothing', '/sys/fs/cgroup/there-is-none', 'ENOENT'],
      ['a relative path', 'system.slice', 'ERR_BPF_ARGUMENT'],
      ['a number', 5, 'ERR_BPF_ARGUMENT'],
      ['a NUL', '/sys/fs/cgroup/\0', 'ERR_BPF_ARGUMENT'],
    ])('is %s', async (_, path, code) => {
      expect(await thrown(() => Cgroup.open(path as string))).toMatchObject({ code });
    });

    test('is made outside of the hierarchy', async () => {
      const outside = `${tmpdir()}/bpf-lsm-no-cgroup`;
      expect(await thrown(() => Cgroup.create(`${outside}/a`))).toMatchObject({ code: 'ERR_BPF_NOT_CGROUP' });
      mkdirSync(outside);
      rmdirSync(outside);
    });

    test.each([['..'], ['../x'], [''], ['a/../../x'], [7]])('is made below another as %j', async (name) => {
      using own = new TestCgroup();
      expect(await thrown(() => own.cgroup.createChild(name as string))).toMatchObject({
        code: 'ERR_BPF_ARGUMENT',
      });
    });

    test('holds a process that does not exist', async () => {
      using own = new TestCgroup();
      const last = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) + 1;
      expect(await thrown(() => Cgroup.ofProcess(last))).toMatchObject({ code: 'ENOENT' });
      expect(await thrown(() => own.cgroup.add(last))).toMatchObject({ code: 'ESRCH' });
      expect(await thrown(() => own.cgroup.add(-1))).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
    });
  });
}
