import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ExecAuditor } from '../support/exec-audit.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

const directory = mkdtempSync(join(tmpdir(), 'exec-ways-'));
afterAll(() => rmSync(directory, { recursive: true }));

function script(name: string, firstLine: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!${firstLine}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** What is reported while a program is started in one way. */
async function reportsOf(way: string, path: string): Promise<Awaited<ReturnType<ExecAuditor['reported']>>> {
  using helper = new Helper(program('exec_ways'));
  using audit = await ExecAuditor.load({ target_parent: helper.pid });
  expect(await helper.ask(way, path)).toBe('0');
  expect(audit.reported()).toEqual([]);
  audit.attach();
  expect(await helper.ask(way, path)).toBe('0');
  audit.detach();
  expect(await helper.ask(way, path)).toBe('0');
  const reports = audit.reported();
  expect(audit.stats()).toMatchObject({
    execs: { dropped: 0n, waiting: 0 },
    strings: { dropped: 0n, waiting: 0 },
  });
  return reports;
}

// The hook stands for the behaviour, not for a system call: whatever starts a program comes by it once.
describe('one exec is one record', () => {
  const started = { args: ['', '', 'last'], argc: 3, envc: 1, cut: false };

  test.each(['execve', 'vfork', 'posix_spawn'])('by %s', async (way) => {
    expect(await reportsOf(way, '/bin/true')).toMatchObject([
      {
        ...started,
        args: [way, '', 'last'],
        env: [`WAY=${way}`],
        filename: '/bin/true',
        interp: '/bin/true',
      },
    ]);
  });

  test.each(['fexecve', 'memfd'])('by %s, from a file descriptor', async (way) => {
    const fd = expect.stringMatching(/^\/dev\/fd\/\d+$/);
    expect(await reportsOf(way, '/bin/true')).toMatchObject([
      { ...started, args: [way, '', 'last'], env: [`WAY=${way}`], filename: fd, interp: fd },
    ]);
  });

  test('of a script, with its interpreter', async () => {
    const path = script('script', '/bin/true of it');
    expect(await reportsOf('execve', path)).toMatchObject([
      {
        args: ['/bin/true', 'of it', path, '', 'last'],
        argc: 5,
        env: ['WAY=execve'],
        filename: path,
        interp: '/bin/true',
        comm: 'script',
      },
    ]);
  });

  test('of a script whose interpreter is a script', async () => {
    const inner = script('inner', '/bin/true');
    const outer = script('outer', inner);
    expect(await reportsOf('posix_spawn', outer)).toMatchObject([
      { args: ['/bin/true', inner, outer, '', 'last'], filename: outer, interp: '/bin/true' },
    ]);
  });

  test('and an exec that fails is none', async () => {
    using helper = new Helper(program('exec_ways'));
    using audit = await ExecAuditor.load({ target_parent: helper.pid });
    audit.attach();
    expect(await helper.ask('execve', '/nonexistent')).not.toBe('0');
    expect(await helper.ask('posix_spawn', '/nonexistent')).toBe('ENOENT');
    expect(audit.reported()).toEqual([]);
    expect(await helper.ask('execve', '/bin/true')).toBe('0');
    expect(audit.reported()).toHaveLength(1);
  });
});
