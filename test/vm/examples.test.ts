import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestCgroup } from '../support/cgroup-contract.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { SocketUser } from '../support/socket-user.js';
import { Target } from '../support/target.js';

const directory = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** An example that runs as its user would run it, until it is told to end. */
class Example implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;
  #output = '';

  constructor(name: string, ...args: string[]) {
    const script = fileURLToPath(new URL(`../../build/examples/${name}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [script, ...args]);
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed this. */
  async prints(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) {
      const more = [once(this.#child.stdout, 'data'), once(this.#child.stderr, 'data')];
      const exited = this.#exited.then(() => 'exit');
      const what = await Promise.race([...more, exited]);
      if (what === 'exit' && !pattern.test(this.#output)) {
        throw new Error(`it ended without ${pattern}: ${this.#output}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#exited;
  }
}

/** The same, once it says that it is attached. */
async function attached(name: string, ...args: string[]): Promise<Example> {
  const example = new Example(name, ...args);
  await example.prints(/Ctrl-C ends/);
  return example;
}

describe('the examples, as they are run by hand', () => {
  test('mprotect_guard', async () => {
    using target = new Target();
    expect(await target.ask('heap-exec')).toBe('0');
    {
      await using example = await attached('mprotect_guard', String(target.pid), '--enforce');
      expect(await target.ask('heap-exec')).toBe('EPERM');
      await example.prints(/^mprotect \(\d+\) asked for .* AREA_HEAP: VERDICT_DENIED, errno 1$/m);
    }
    expect(await target.ask('heap-exec')).toBe('0');
  });

  test('exec_audit', async () => {
    await using example = await attached('exec_audit', '--watch', 'FOO');
    spawnSync('/bin/sh', ['-c', 'FOO=1 /bin/echo a "b c"']);
    await example.prints(
      /^\/bin\/echo as \d+, child of \d+, uid 0: \["\/bin\/echo","a","b c"\], \d+ variables$/m,
    );
    await example.prints(/^ {2}FOO is "1"$/m);
    spawnSync('/bin/true');
    await example.prints(/^\/bin\/true .*\n {2}FOO is not set$/m);
    using ways = new Helper(program('exec_ways'));
    await ways.ask('execve', '/bin/true');
    await example.prints(/: \["execve","","last"\], 1 variables$/m);
  });

  test('exec_audit, an argument a line', async () => {
    await using example = await attached('exec_audit', '--arguments');
    const { pid } = spawnSync('/bin/echo', ['a', '', 'b c']);
    await example.prints(
      new RegExp(`^${pid} \\[0\\] /bin/echo\n${pid} \\[1\\] a\n${pid} \\[2\\] \n${pid} \\[3\\] b c$`, 'm'),
    );
  });

  test('exec_env_guard', async () => {
    const listed = join(directory, 'listed');
    copyFileSync('/bin/echo', listed);
    const start = () => spawnSync(listed, ['output'], { env: { LD_PRELOAD: '' }, encoding: 'utf8' });
    expect(start()).toMatchObject({ signal: null, stdout: 'output\n' });
    {
      await using example = await attached('exec_env_guard', '--enforce', listed);
      expect(start()).toMatchObject({ signal: 'SIGKILL', stdout: '' });
      await example.prints(/listed \(\d+, uid 0\) was given "": REASON_LISTED, VERDICT_KILLED$/m);
    }
    expect(start()).toMatchObject({ signal: null, stdout: 'output\n' });
  });

  test('unlink_running', async () => {
    const busy = join(directory, 'busy');
    copyFileSync(program('calls'), busy);
    {
      using helper = new Helper(busy);
      await using example = await attached('unlink_running', '--deny-itself');
      expect(await helper.ask('unlink', busy)).toBe('EPERM');
      await example.prints(/^busy \(inode \d+\), run by 1: LOSS_UNLINKED by itself, VERDICT_DENIED$/m);
      unlinkSync(busy);
      await example.prints(/: LOSS_UNLINKED by .* \(\d+\), VERDICT_ALLOWED$/m);
    }
  });

  test('proc_mem_guard', async () => {
    using target = new Helper(program('calls'));
    const open = () => closeSync(openSync(`/proc/${target.pid}/mem`, 'r+'));
    open();
    {
      await using example = await attached('proc_mem_guard', '--enforce', String(target.pid));
      expect(open).toThrow('EPERM');
      await example.prints(
        new RegExp(`reached for the memory of ${target.pid}: WAY_PROC_MEM, VERDICT_DENIED$`, 'm'),
      );
    }
    open();
  });

  test('exec_count', async () => {
    await using example = new Example('exec_count', '3');
    const started = setInterval(() => spawn('/bin/true'), 500);
    await example.prints(/^true by uid 0: [1-9]\d*\n(.*\n)*\d+ execs; \d+ events delivered, 0 dropped$/m);
    clearInterval(started);
  });
});

describe('the examples for cgroups, as they are run by hand', () => {
  let own: TestCgroup;
  let user: SocketUser;

  beforeEach(() => {
    own = new TestCgroup();
    user = new SocketUser();
    user.move(own.cgroup);
  });

  afterEach(() => {
    user[Symbol.dispose]();
    own[Symbol.dispose]();
  });

  test('deny_connect', async () => {
    await using example = await attached('deny_connect', own.cgroup.path, '1=EACCES', '2');
    expect(await user.once('tcp', 'connect', 1)).toBe('EACCES');
    expect(await user.once('tcp', 'connect', 2)).toBe('EPERM');
    expect(await user.once('tcp', 'connect', 3)).toBe('ECONNREFUSED');
    await example.prints(/^2 denied$/m);
  });

  test('remap_ports', async () => {
    {
      await using _example = await attached('remap_ports', own.cgroup.path, 'bind:6789=12345', 'connect:1=0');
      expect(await user.once('tcp', 'connect', 1)).toBe('EPERM');
      expect(await user.boundPort('udp', 6789)).toBe('6789');
      expect(await user.boundPort('udp', 6790)).toBe('6790');
    }
    expect(await user.once('tcp', 'connect', 1)).toBe('ECONNREFUSED');
  });

  test('limit_connections', async () => {
    await using example = await attached('limit_connections', own.cgroup.path, '1');
    const first = await user.socket('udp');
    expect(await user.ask('connect', first, 7001)).toBe('0');
    expect(await user.once('udp', 'connect', 7001)).toBe('EUSERS');
    await example.prints(/^1 refused$/m);
    await user.ask('close', first);
    expect(await user.once('udp', 'connect', 7001)).toBe('0');
  });

  test('exempt_cgroups', async () => {
    const free = own.cgroup.createChild('free');
    await using example = await attached('exempt_cgroups', own.cgroup.path, '6789', free.path);
    expect(await user.once('tcp', 'bind', 6789)).toBe('EACCES');
    user.move(free);
    expect(await user.once('tcp', 'bind', 6789)).toBe('0');
    await example.prints(/^1 denied$/m);
  });

  test('microsegmentation', async () => {
    const [a, b] = [own.cgroup.createChild('a'), own.cgroup.createChild('b')];
    user.move(a);
    await using example = await attached('microsegmentation', own.cgroup.path, 'a=127.0.0.1:1');
    expect(await user.once('tcp', 'connect', 1)).toBe('ECONNREFUSED');
    expect(await user.once('tcp', 'connect', 2)).toBe('EPERM');
    user.move(b);
    expect(await user.once('tcp', 'connect', 1)).toBe('EPERM');
    await example.prints(/^2 denied$/m);
  });
});
