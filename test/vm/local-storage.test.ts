import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfObject } from '../../src/index.js';
import { TestCgroup } from '../support/cgroups.js';
import { Child } from '../support/child.js';
import { bpfFiles, openFiles } from '../support/fds.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';
import { everyKindBut, untyped } from '../support/untyped.js';
import type { Marked } from '../types/objects/marked.js';

const DENY = { deny_errno: 1, denied: 0 };
const ALLOW = { deny_errno: 0, denied: 0 };
const hasCgrpStorage = kernelIsAtLeast(6, 2);

/** A process that makes directories when asked to. */
class Maker implements Disposable {
  readonly #child = new Child('mkdir-on-demand');
  readonly #directory = mkdtempSync(join(tmpdir(), 'maker-'));

  static async start(): Promise<Maker> {
    const maker = new Maker();
    expect(await maker.#child.message()).toBe('ready');
    return maker;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** `0` or the errno that mkdir(2) gave. */
  async ask(directory = this.#directory): Promise<unknown> {
    this.#child.send(join(directory, 'made'));
    return this.#child.message();
  }

  [Symbol.dispose](): void {
    this.#child[Symbol.dispose]();
  }
}

let object: BpfObject<Marked>;
let maker: Maker;
let bystander: Maker;
beforeAll(async () => {
  const open = BpfObject.open<Marked>(fixture('marked'));
  if (!hasCgrpStorage) {
    open.maps.cgroups.autocreate = false;
    open.programs.deny_cgroup.autoload = false;
  }
  object = await open.load();
  maker = await Maker.start();
  bystander = await Maker.start();
});
afterAll(() => {
  object.close();
  maker[Symbol.dispose]();
  bystander[Symbol.dispose]();
});

describe('a mark on a task', () => {
  test('makes a program deny it what others may', async () => {
    const { tasks } = object.maps;
    using _link = object.programs.deny_task.attach();
    expect(tasks.get(maker.pid)).toBeUndefined();
    expect(tasks.has(maker.pid)).toBe(false);
    expect(await maker.ask()).toBe('0');

    tasks.set(maker.pid, DENY, 'noexist');
    expect(await maker.ask()).toBe('EPERM');
    expect(await maker.ask()).toBe('EPERM');
    expect(tasks.get(maker.pid)).toEqual({ deny_errno: 1, denied: 2 });
    expect(await bystander.ask()).toBe('0');

    tasks.set(maker.pid, { deny_errno: 13, denied: 0 }, 'exist');
    expect(await maker.ask()).toBe('EACCES');
    tasks.set(maker.pid, ALLOW);
    expect(await maker.ask()).toBe('0');

    tasks.set(maker.pid, DENY);
    expect(await maker.ask()).toBe('EPERM');
    expect(tasks.delete(maker.pid)).toBe(true);
    expect(tasks.delete(maker.pid)).toBe(false);
    expect(await maker.ask()).toBe('0');
    expect(await bystander.ask()).toBe('0');
  });

  test('is one for each thread, where the kernel can name threads', async () => {
    const { tasks } = object.maps;
    const thread =
      readdirSync(`/proc/${maker.pid}/task`)
        .map(Number)
        .find((tid) => tid !== maker.pid) ?? 0;
    if (kernelIsAtLeast(6, 9)) {
      tasks.set(thread, DENY);
      expect(tasks.get(thread)).toEqual(DENY);
      expect(tasks.has(maker.pid)).toBe(false);
      expect(tasks.delete(thread)).toBe(true);
    } else {
      for (const call of [
        () => tasks.set(thread, DENY),
        () => tasks.get(thread),
        () => tasks.delete(thread),
      ]) {
        const error = await thrown(call);
        expect(error).toMatchObject({ code: 'EOPNOTSUPP', reason: 'kernel', map: 'tasks' });
        expect(error.message).toContain(`cannot open task ${thread}, a thread beside the main one`);
        expect(error.hint).toContain('since Linux 6.9');
      }
    }
  });

  test('is refused for what is no task, and leaves nothing open', async () => {
    const { tasks } = object.maps;
    const before = openFiles().length;
    const gone = await Maker.start();
    tasks.set(gone.pid, DENY);
    gone[Symbol.dispose]();
    while (readdirSync('/proc').includes(String(gone.pid))) await new Promise((done) => setTimeout(done, 10));
    for (const call of [
      () => tasks.get(gone.pid),
      () => tasks.set(gone.pid, DENY),
      () => tasks.delete(gone.pid),
    ]) {
      const error = await thrown(call);
      expect(error).toMatchObject({ code: 'ESRCH', reason: 'input', map: 'tasks' });
      expect(error.message).toContain(`there is no task ${gone.pid}`);
    }
    for (const [, value] of everyKindBut('a number')) {
      const error = await thrown(() => tasks.get(untyped(value)));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', map: 'tasks' });
      expect(error.message).toContain('a process or thread id');
    }
    for (const [, value] of everyKindBut()) {
      expect((await thrown(() => tasks.set(maker.pid, untyped(value)))).code).toMatch(/^ERR_BPF_VALUE_/);
      expect((await thrown(() => tasks.set(maker.pid, DENY, untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect(tasks.has(maker.pid)).toBe(false);
    expect(await thrown(() => tasks.set(maker.pid, DENY, 'exist'))).toMatchObject({ code: 'ENOENT' });
    expect(openFiles().filter((file) => file.includes('pidfd'))).toEqual([]);
    expect(openFiles().length).toBeLessThanOrEqual(before);
  });
});

describe('a mark on an inode', () => {
  test('makes a program deny what is done there, by path or file descriptor', async () => {
    const { inodes } = object.maps;
    using _link = object.programs.deny_directory.attach();
    const marked = mkdtempSync(join(tmpdir(), 'marked-'));
    const beside = mkdtempSync(join(tmpdir(), 'beside-'));
    symlinkSync(marked, `${beside}/link`);
    expect(await maker.ask(marked)).toBe('0');

    const fd = openSync(marked, 'r');
    inodes.set(marked, DENY);
    expect(await maker.ask(marked)).toBe('EPERM');
    expect(await maker.ask(beside)).toBe('0');
    expect(inodes.get(fd)).toEqual({ deny_errno: 1, denied: 1 });
    expect(inodes.get(`${beside}/link`)).toEqual({ deny_errno: 1, denied: 1 });
    expect(inodes.has(beside)).toBe(false);

    inodes.set(fd, ALLOW);
    expect(await maker.ask(marked)).toBe('0');
    inodes.set(fd, DENY);
    expect(await maker.ask(marked)).toBe('EPERM');
    expect(inodes.delete(marked)).toBe(true);
    expect(inodes.delete(fd)).toBe(false);
    expect(await maker.ask(marked)).toBe('0');
    closeSync(fd);

    expect(await thrown(() => inodes.get('/nonexistent'))).toMatchObject({
      code: 'ENOENT',
      path: '/nonexistent',
    });
    expect(await thrown(() => inodes.set(fd, DENY))).toMatchObject({ code: 'EBADF', map: 'inodes' });
    for (const [, value] of everyKindBut('a number', 'a string')) {
      expect((await thrown(() => inodes.get(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect((await thrown(() => inodes.get('a\0b'))).code).toBe('ERR_BPF_ARGUMENT');
  });
});

describe('a mark on a socket', () => {
  test('makes a program deny what is done with it', async () => {
    const { sockets } = object.maps;
    using _link = object.programs.deny_socket.attach();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const [marked, beside] = (await Promise.all(
      [1, 2].map(async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    )) as [Socket, Socket];
    const handleOf = (socket: Socket) => untyped<{ _handle: Handle }>(socket)._handle;
    const setOption = (socket: Socket) => handleOf(socket).setNoDelay(true);
    expect(setOption(marked)).toBe(0);

    sockets.set(handleOf(marked).fd, { deny_errno: 13, denied: 0 });
    expect(setOption(marked)).toBe(-13);
    expect(setOption(beside)).toBe(0);
    expect(sockets.get(handleOf(marked).fd)).toEqual({ deny_errno: 13, denied: 1 });
    expect(sockets.has(handleOf(beside).fd)).toBe(false);

    expect(sockets.delete(handleOf(marked).fd)).toBe(true);
    expect(setOption(marked)).toBe(0);

    const file = openSync('/dev/null', 'r');
    expect(await thrown(() => sockets.get(file))).toMatchObject({ code: 'ENOTSOCK', map: 'sockets' });
    closeSync(file);
    expect(await thrown(() => sockets.get(file))).toMatchObject({ code: 'EBADF' });
    for (const [, value] of everyKindBut('a number')) {
      expect((await thrown(() => sockets.get(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    marked.destroy();
    beside.destroy();
    server.close();
  });
});

interface Handle {
  fd: number;
  setNoDelay(on: boolean): number;
}

describe('a mark on a cgroup', () => {
  test.runIf(hasCgrpStorage)('makes a program deny what is done in it', async () => {
    const { cgroups } = object.maps;
    using _link = object.programs.deny_cgroup.attach();
    using marked = new TestCgroup('marked');
    marked.take(maker.pid);
    expect(await maker.ask()).toBe('0');

    cgroups.set(marked.path, DENY);
    expect(await maker.ask()).toBe('EPERM');
    expect(await bystander.ask()).toBe('0');
    expect(cgroups.get(marked.path)).toEqual({ deny_errno: 1, denied: 1 });
    expect(cgroups.has('/sys/fs/cgroup')).toBe(false);
    const fd = openSync(marked.path, 'r');
    expect(cgroups.get(fd)).toEqual({ deny_errno: 1, denied: 1 });
    closeSync(fd);

    expect(cgroups.delete(marked.path)).toBe(true);
    expect(await maker.ask()).toBe('0');
    cgroups.set(marked.path, DENY);
    expect(await maker.ask()).toBe('EPERM');
    marked.release(maker.pid);
    expect(await maker.ask()).toBe('0');

    expect(await thrown(() => cgroups.get('/tmp'))).toMatchObject({
      code: 'EBADF',
      reason: 'input',
      path: '/tmp',
      hint: expect.stringContaining('/sys/fs/cgroup'),
    });
    expect(await thrown(() => cgroups.get('/nonexistent'))).toMatchObject({ code: 'ENOENT' });
    for (const [, value] of everyKindBut('a number', 'a string')) {
      expect((await thrown(() => cgroups.get(untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
  });

  test.runIf(!hasCgrpStorage)('is more than this kernel has', async () => {
    const error = await thrown(() => BpfObject.open<Marked>(fixture('marked')).load());
    expect(error).toMatchObject({ code: 'EINVAL', map: 'cgroups' });
  });
});

describe('a cgroup array', () => {
  test('tells a program which cgroup to deny', async () => {
    const { gated } = object.maps;
    using _link = object.programs.deny_gated.attach();
    using cgroup = new TestCgroup('gated');
    mkdirSync(`${cgroup.path}/below`);
    cgroup.take(maker.pid);
    expect(await maker.ask()).toBe('0');

    gated.set(0, cgroup.path);
    expect(await maker.ask()).toBe('EACCES');
    expect(await bystander.ask()).toBe('0');
    gated.set(0, `${cgroup.path}/below`);
    expect(await maker.ask()).toBe('0');
    gated.set(0, cgroup.path);
    expect(await maker.ask()).toBe('EACCES');
    expect(gated.delete(0)).toBe(true);
    expect(gated.delete(0)).toBe(false);
    expect(await maker.ask()).toBe('0');

    expect(await thrown(() => gated.set(1, cgroup.path))).toMatchObject({ code: 'E2BIG', map: 'gated' });
    expect(await thrown(() => gated.set(0, '/tmp'))).toMatchObject({ code: 'EBADF', path: '/tmp' });
    for (const [, value] of everyKindBut('a string')) {
      expect((await thrown(() => gated.set(0, untyped(value)))).code).toBe('ERR_BPF_ARGUMENT');
    }
    cgroup.release(maker.pid);
    const { rmdirSync } = await import('node:fs');
    rmdirSync(`${cgroup.path}/below`);
  });
});

describe('a local storage', () => {
  test('is opened by its id, with its types', () => {
    const files = bpfFiles().length;
    object.maps.tasks.set(maker.pid, DENY);
    const { id } = object.maps.tasks;
    {
      using tasks = (
        object.maps.tasks.constructor as typeof import('../../src/index.js').TaskStorage
      ).openById(id);
      expect(tasks.get(maker.pid)).toEqual(DENY);
      expect(tasks.delete(maker.pid)).toBe(true);
    }
    expect(bpfFiles().length).toBe(files);
  });
});
