import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateBpffs } from '../support/bpffs.js';
import { fixture, shipped } from '../support/objects.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Line {
  event: string;
  [name: string]: unknown;
}

/** `bpf-lsm load --json`, as it goes. */
class Loading implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  stderr = '';

  constructor(...args: string[]) {
    const child = spawn(process.execPath, [CLI, 'load', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that says this. */
  async next(event: string): Promise<Line> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`it ended before it said ${event}: ${this.stderr}`);
      const line = JSON.parse(value) as Line;
      if (line.event === event) return line;
    }
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended();
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const [code] = (await once(this.#child, 'exit')) as [number | null];
    return code;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

let count = 0;

/** Whether this process may make a directory. */
function mayMakeDirectory(): boolean {
  try {
    mkdirSync(join(directory, `own-${count++}`));
    return true;
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('EPERM');
    return false;
  }
}

function anotherMayMakeDirectory(): boolean {
  return spawnSync('mkdir', [join(directory, `other-${count++}`)]).status === 0;
}

const DENY = [fixture('deny_mkdir'), '--set', `target_pid=${process.pid}`];

describe('bpf-lsm load', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('enforces until %s', async (signal) => {
    expect(mayMakeDirectory()).toBe(true);
    using loading = new Loading(...DENY);
    expect(await loading.next('loaded')).toEqual({
      event: 'loaded',
      object: 'deny_mkdir',
      programs: ['deny_mkdir'],
    });
    expect(await loading.next('attached')).toEqual({
      event: 'attached',
      program: 'deny_mkdir',
      to: 'inode_mkdir',
      link: expect.any(Number),
    });
    expect(mayMakeDirectory()).toBe(false);
    expect(anotherMayMakeDirectory()).toBe(true);
    expect(await loading.stop(signal)).toBe(0);
    expect(loading.stderr).toBe('');
    expect(mayMakeDirectory()).toBe(true);
  });

  test('pins, ends, and leaves it enforced until the link is unpinned', async () => {
    using bpffs = new PrivateBpffs();
    expect(bpffs.refused).toBeUndefined();
    const pins = join(bpffs.path, 'guard');
    using loading = new Loading(...DENY, '--pin', pins);
    expect(await loading.next('pinned')).toEqual({
      event: 'pinned',
      name: 'deny_mkdir',
      path: join(pins, 'links/deny_mkdir'),
    });
    expect(await loading.ended()).toBe(0);
    expect(mayMakeDirectory()).toBe(false);
    expect(anotherMayMakeDirectory()).toBe(true);
    unlinkSync(join(pins, 'links/deny_mkdir'));
    // kernel/bpf/syscall.c bpf_link_put(): the pin's link is let go by a worker.
    while (!mayMakeDirectory()) await new Promise(setImmediate);
  });

  test('leaves no pin and no enforcement when one pin is taken', async () => {
    using bpffs = new PrivateBpffs();
    const pins = join(bpffs.path, 'count');
    mkdirSync(join(pins, 'links/count_exec'), { recursive: true });
    using loading = new Loading(shipped('examples/exec_count'), '--pin', pins);
    expect(await loading.ended()).toBe(1);
    expect(loading.stderr).toMatch(/^bpf-lsm: .*EEXIST.*\n$/);
    expect(existsSync(join(pins, 'maps')) ? readdirSync(join(pins, 'maps')) : []).toEqual([]);
  });

  test('prints the records of a ring as they come, and accounts for them', async () => {
    using loading = new Loading(
      shipped('examples/exec_count'),
      ...['--set', `target_parent=${process.pid}`, '--events', 'events'],
    );
    await loading.next('attached');
    expect(spawnSync('/bin/true').status).toBe(0);
    expect(await loading.next('record')).toMatchObject({
      map: 'events',
      record: { comm: 'true', filename: '/bin/true', ppid: process.pid },
    });
    expect(await loading.stop('SIGINT')).toBe(0);
    expect(await loading.next('ended')).toEqual({
      event: 'ended',
      map: 'events',
      delivered: 1,
      dropped: '0',
    });
  });

  test('says what the kernel has against a program, in one line', async () => {
    using loading = new Loading(fixture('faulty_hook'));
    expect(await loading.ended()).toBe(1);
    expect(loading.stderr).toMatch(/^bpf-lsm: program "faulty_hook" .*has no LSM hook no_such_hook.*\n$/);
  });
});
