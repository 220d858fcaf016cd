import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Vm, VmError } from 'bpf-lsm/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

async function errorOf(promise: Promise<unknown>): Promise<VmError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VmError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The processes whose ancestors include `pid`, by name. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const below = (child: number): boolean => {
    const parent = parents.get(child);
    return parent !== undefined && parent !== 0 && (parent === pid || below(parent));
  };
  return [...parents.keys()].filter(below);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a guest', () => {
  let vm: Vm;
  let shared: string;

  beforeAll(async () => {
    shared = mkdtempSync(join(tmpdir(), 'bpf-lsm-share-'));
    vm = await Vm.boot({ kernel: '7.3', shares: { results: shared } });
  });

  afterAll(async () => {
    await vm?.close();
    rmSync(shared, { recursive: true });
  });

  test('runs commands: output apart, status and signal told', async () => {
    expect(await vm.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      code: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await vm.run(['sh', '-c', 'kill -TERM $$'])).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('takes any argument as it is, and runs several commands at once', async () => {
    const odd = ['a b', "it's", '$(id)', '*', '', 'line\nbreak', '\u00e9\u4e2d'];
    const { stdout } = await vm.run(['node', '-p', 'JSON.stringify(process.argv.slice(1))', '--', ...odd]);
    expect(JSON.parse(stdout)).toEqual(odd);
    const results = await Promise.all(['1', '2', '3'].map((word) => vm.run(['echo', word])));
    expect(results.map((result) => result.stdout)).toEqual(['1\n', '2\n', '3\n']);
  });

  test('writes to a shared folder, and nowhere else on the host', async () => {
    const marker = join(import.meta.dirname, 'written-by-a-guest');
    await vm.run(['sh', '-c', `echo mine >/mnt/results/file; echo mine >${marker}`]);
    expect(readFileSync(join(shared, 'file'), 'utf8')).toBe('mine\n');
    expect(existsSync(marker)).toBe(false);
  });

  test('ends a command that takes too long, and goes on', async () => {
    const error = await errorOf(vm.run(['sleep', '1000'], { timeout: 500 }));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect((await vm.run(['true'])).code).toBe(0);
  });

  test('that is closed ends what runs in it by a rejection, and nobody else', async () => {
    const closing = await Vm.boot({ kernel: '7.3' });
    // Nobody listens to its streams: an unhandled event of theirs would fail this run.
    const child = await closing.spawn(['sleep', '1000']);
    const ended = errorOf(child.exited);
    await closing.close();
    expect(await ended).toMatchObject({ code: 'CLOSED' });
    expect((await vm.run(['true'])).code).toBe(0);
  });

  test('that panics is an error with the last lines of its console', async () => {
    const error = await errorOf(vm.run(['sh', '-c', 'echo c >/proc/sysrq-trigger']));
    expect(error.code).toBe('PANIC');
    expect(error.message).toContain('Kernel panic');
    expect(error.console.join('\n')).toContain('sysrq');
    expect((await errorOf(vm.run(['true']))).code).toBe('PANIC');
  });
});

describe('npm run vm', () => {
  const script = ['scripts/vm.mjs', '--kernel', '7.3'];

  test('returns the exit status of the command', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [...script, '--', 'sh', '-c', 'uname -r; exit 42'],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toMatch(/^7\.3\./);
    expect(status).toBe(42);
  });

  test('says what is wrong with its arguments', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['scripts/vm.mjs', '--kernel', '2.4', '--', 'true'],
      {
        encoding: 'utf8',
      },
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain('6.1');
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('ended by %s leaves no process behind', async (signal) => {
    const runner: ChildProcess = spawn(
      process.execPath,
      [...script, '--', 'sh', '-c', 'echo up; sleep 1000'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const { stdout } = runner;
    if (!stdout || runner.pid === undefined) throw new Error('the runner did not start');
    await once(stdout, 'data');
    const started = descendants(runner.pid);
    expect(started.length).toBeGreaterThan(1);
    runner.kill(signal);
    await once(runner, 'exit');
    await expect.poll(() => started.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });
});
