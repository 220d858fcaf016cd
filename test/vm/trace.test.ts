import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { MprotectGuard } from '../../examples/types/mprotect_guard.js';
import { BpfObject, Cgroup, inventory, type Trace, type TraceEvent, trace } from '../../src/index.js';
import { kernelIsAtLeast } from '../support/kernel.js';
import { shipped } from '../support/objects.js';
import { Target } from '../support/target.js';
import { thrown } from '../support/thrown.js';

const FTRACE = '/proc/sys/kernel/ftrace_enabled';
const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A shell that waits for a word before it does something. */
class Waiting implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;

  constructor(script: string) {
    // Without BASH_ENV, whose script would run first, with processes of its own.
    this.#child = spawn('bash', ['-c', `read -r go; ${script}`], { env: { PATH: process.env.PATH } });
    this.#closed = once(this.#child, 'close');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async go(): Promise<void> {
    this.#child.stdin.write('go\n');
    await this.#closed;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Everything that a trace shows while `act` runs, and until what is expected was seen. */
async function shown(
  calls: Trace,
  expected: Partial<TraceEvent>,
  act: () => Promise<unknown>,
): Promise<TraceEvent[]> {
  const seen: TraceEvent[] = [];
  const reading = (async () => {
    for await (const event of calls) seen.push(event);
  })();
  await act();
  await vi.waitFor(() => expect(seen).toContainEqual(expect.objectContaining(expected)), { timeout: 30_000 });
  calls.close();
  await reading;
  return seen;
}

// Whatever else there is on the machine: nothing of a trace is left.
afterEach(async () => {
  const { programs, maps } = await inventory();
  const ours = programs.filter(({ name }) => name === 'trace_hook' || name === 'look_on');
  const used = maps.filter(({ programIds }) => ours.some(({ id }) => programIds.includes(id)));
  expect([ours, used]).toEqual([[], []]);
});

describe('trace() shows the calls of one process, and no others', { timeout: 120_000 }, () => {
  test.each([
    [
      'file_open',
      'read -r line </etc/passwd',
      {
        file: expect.objectContaining({
          type: 'struct file',
          path: '/etc/passwd',
          mode: expect.any(Number),
        }),
      },
    ],
    [
      'bprm_check_security',
      'exec /usr/bin/true one "two words"',
      { bprm: expect.objectContaining({ filename: '/usr/bin/true', path: '/usr/bin/true', argc: 3 }) },
    ],
    [
      'task_kill',
      `kill -0 ${process.pid}`,
      {
        p: expect.objectContaining({ type: 'struct task_struct', pid: process.pid }),
        sig: 0,
        cred: null,
      },
    ],
    [
      'socket_connect',
      'exec 3<>/dev/tcp/127.0.0.1/9',
      {
        sock: expect.objectContaining({ family: 2, type: 1 }),
        address: expect.objectContaining({ family: 'AF_INET', address: '127.0.0.1', port: 9 }),
        addrlen: 16,
      },
    ],
    [
      'inode_unlink',
      'exec rm "/tmp/traced $$"',
      {
        dir: expect.objectContaining({ type: 'struct inode', ino: expect.any(Number) }),
        dentry: expect.objectContaining({
          type: 'struct dentry',
          path: expect.stringMatching(/traced \d+$/),
        }),
      },
    ],
    [
      'sb_mount',
      'mkdir "/tmp/mounted $$"; exec busybox mount -t tmpfs nothing "/tmp/mounted $$"',
      {
        dev_name: 'nothing',
        path: expect.objectContaining({ path: expect.stringMatching(/^\/tmp\/mounted \d+$/) }),
        type: 'tmpfs',
      },
    ],
  ])('%s', async (hook, script, args) => {
    using inside = new Waiting(script);
    using outside = new Waiting(script);
    for (const { pid } of [inside, outside]) writeFileSync(`/tmp/traced ${pid}`, '');
    using calls = await trace(hook, { pid: inside.pid });
    const expected = { hook, pid: inside.pid, result: 0, arguments: expect.objectContaining(args) };
    const seen = await shown(calls, expected, async () => {
      await outside.go();
      await inside.go();
    });
    expect(new Set(seen.map(({ pid }) => pid))).toEqual(new Set([inside.pid]));
    expect(calls.dropped).toBe(0n);
    const call = seen.find(({ arguments: given }) => Object.keys(given).join() !== '');
    expect(call).toMatchObject({
      hook,
      tid: inside.pid,
      uid: 0,
      gid: 0,
      cgroup: Cgroup.ofProcess('self').id,
    });
  });

  test('file_mprotect, with what a program that denies made of it', async () => {
    using inside = new Target();
    using outside = new Target();
    const open = BpfObject.open<MprotectGuard>(shipped('examples/mprotect_guard'));
    Object.assign(open.globals, { target_pid: inside.pid, mode: 'MODE_ENFORCE' });
    using guard = await open.load();
    using _link = guard.programs.guard_mprotect.attach();
    using calls = await trace('file_mprotect', { pid: inside.pid });
    const [PROT_EXEC, VM_GROWSDOWN] = [4, 0x100];
    const seen = await shown(calls, { result: -1 }, async () => {
      expect(await outside.ask('stack-exec')).toBe('0');
      expect(await inside.ask('heap-write')).toBe('0');
      expect(await inside.ask('stack-exec')).toBe('EPERM');
    });
    // Each command asks for reading first, and takes back what was granted.
    expect(new Set(seen.map(({ pid, comm }) => `${comm} ${pid}`))).toEqual(
      new Set([`mprotect ${inside.pid}`]),
    );
    const denied = seen.filter(({ result }) => result === -1);
    const allowed = seen.filter(({ result }) => result === 0);
    expect([denied.length, allowed.length]).toEqual([1, seen.length - 1]);
    const execution = ({ arguments: given }: TraceEvent) => Number(given.prot) & PROT_EXEC;
    expect(denied.map(execution)).toEqual([PROT_EXEC]);
    expect(new Set(allowed.map(execution))).toEqual(new Set([0]));
    const vma = denied[0]?.arguments.vma as { start: bigint; end: bigint; flags: number };
    expect(vma.start < vma.end).toBe(true);
    expect(vma.flags & VM_GROWSDOWN).toBe(VM_GROWSDOWN);
  });

  test('a hook without a result', async () => {
    using inside = new Waiting('exec /usr/bin/true');
    using calls = await trace('bprm_committed_creds', { pid: inside.pid });
    const seen = await shown(calls, { comm: 'true', result: undefined }, () => inside.go());
    expect(seen).toHaveLength(1);
  });

  test('a hook whose default is not 0', async () => {
    using inside = new Waiting('exec setpriv --no-new-privs true');
    using calls = await trace('task_prctl', { pid: inside.pid });
    const [PR_SET_NO_NEW_PRIVS, ENOSYS] = [38, 38];
    await shown(
      calls,
      { result: -ENOSYS, arguments: expect.objectContaining({ option: PR_SET_NO_NEW_PRIVS, arg2: 1 }) },
      () => inside.go(),
    );
  });

  test('with whole structures, if asked for', async () => {
    using inside = new Waiting('read -r line </etc/passwd');
    using calls = await trace('file_open', { pid: inside.pid, full: true });
    const full = expect.objectContaining({ f_flags: expect.any(Number), f_pos: 0 });
    const file = expect.objectContaining({ path: '/etc/passwd', full });
    await shown(calls, { arguments: { file } }, () => inside.go());
  });
});

test('trace() shows the calls of a cgroup and those below it, and no others', {
  timeout: 120_000,
}, async () => {
  const [cgroup, below] = ['/sys/fs/cgroup/traced', '/sys/fs/cgroup/traced/below'] as const;
  for (const path of [cgroup, below]) mkdirSync(path);
  {
    using inside = new Waiting('read -r line </etc/passwd');
    using outside = new Waiting('read -r line </etc/passwd');
    writeFileSync(`${below}/cgroup.procs`, String(inside.pid));
    using calls = await trace('file_open', { cgroup });
    const file = expect.objectContaining({ path: '/etc/passwd' });
    const seen = await shown(calls, { pid: inside.pid, arguments: { file } }, async () => {
      await outside.go();
      await inside.go();
    });
    // Whatever the shell starts by itself is in its cgroup too.
    expect(new Set(seen.map((call) => call.cgroup))).toEqual(
      new Set([statSync(below, { bigint: true }).ino]),
    );
    expect(seen.map(({ pid }) => pid)).not.toContain(outside.pid);
  }
  for (const path of [below, cgroup]) await vi.waitFor(() => rmdirSync(path), { timeout: 10_000 });
});

test('every call is shown or counted as dropped', { timeout: 120_000 }, async () => {
  const CALLS = 300;
  using inside = new Waiting(`for ((i = 0; i < ${CALLS}; i++)); do kill -0 $$; done`);
  using calls = await trace('task_kill', { pid: inside.pid, ringBytes: 4096 });
  await inside.go();
  let seen = 0;
  const waiting = calls[Symbol.asyncIterator]();
  const { dropped } = calls;
  expect(dropped).toBeGreaterThan(0n);
  while (BigInt(seen) + dropped < BigInt(CALLS)) {
    const { done } = await waiting.next();
    if (done) break;
    seen++;
  }
  expect(seen).toBeGreaterThan(0);
  expect(BigInt(seen) + dropped).toBe(BigInt(CALLS));
  await waiting.return(undefined);
  expect([calls.closed, calls.dropped]).toEqual([true, dropped]);
});

describe('trace() refuses', () => {
  test('a hook that is none, with the nearest names', async () => {
    expect(await thrown(() => trace('file_opne'))).toMatchObject({
      code: 'ERR_BPF_UNKNOWN_NAME',
      hint: expect.stringContaining('file_open'),
    });
  });

  test('a scope that makes no sense', async () => {
    for (const options of [{ pid: process.pid }, { pid: 0 }, { pid: 1, cgroup: '/sys/fs/cgroup' }]) {
      expect(await thrown(() => trace('file_open', options))).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
    }
    const path = '/sys/fs/cgroup/no-such';
    expect(await thrown(() => trace('file_open', { cgroup: path }))).toMatchObject({ code: 'ENOENT', path });
  });

  // kernel/trace/ftrace.c: 7.3 refuses to switch it off.
  test.runIf(!kernelIsAtLeast(7, 3))('a kernel that would not call it', async () => {
    writeFileSync(FTRACE, '0');
    try {
      expect(await thrown(() => trace('file_open'))).toMatchObject({
        code: 'ERR_BPF_INACTIVE',
        hook: 'file_open',
        hint: expect.stringContaining('ftrace_enabled=1'),
      });
    } finally {
      writeFileSync(FTRACE, '1');
    }
  });
});

test('bpf-lsm trace prints the calls, one a line', { timeout: 240_000 }, async () => {
  using inside = new Waiting('read -r line </etc/passwd');
  const args = [command, 'trace', 'file_open', '--pid', String(inside.pid), '--count', '1', '--json'];
  const tracer = spawn(process.execPath, args);
  const closed = once(tracer, 'close');
  const [begun] = (await once(createInterface({ input: tracer.stderr }), 'line')) as [string];
  expect(begun).toBe('bpf-lsm: tracing file_open');
  const line = once(createInterface({ input: tracer.stdout }), 'line') as Promise<[string]>;
  await inside.go();
  const printed = JSON.parse((await line)[0]) as TraceEvent;
  expect(printed).toMatchObject({ hook: 'file_open', pid: inside.pid, comm: 'bash' });
  expect(printed.arguments.file).toMatchObject({ path: '/etc/passwd' });
  const [status] = await closed;
  expect(status).toBe(0);
});
