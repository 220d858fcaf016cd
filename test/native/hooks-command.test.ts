import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasLsmHooks, hooks, type LsmHook } from '../../src/index.js';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const why = hasLsmHooks() ? undefined : 'this kernel has no BPF LSM';

function list(...args: string[]) {
  return spawnSync(process.execPath, [command, 'hooks', ...args], { encoding: 'utf8' });
}

describe.skipIf(why)(`bpf-lsm hooks${why ? ` (skipped: ${why})` : ''}`, () => {
  test('prints what the catalogue has, as JSON', async () => {
    const { stdout, status } = list('--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(await hooks())));
  });

  test('prints prototypes, by pattern, result and argument', () => {
    const { stdout, status } = list('bprm_*', '--void', '--argument', 'linux_binprm');
    expect(status).toBe(0);
    expect(stdout).toMatch(/ void bprm_committed_creds\(/);
    expect(stdout).not.toContain('bprm_check_security');
    const named = JSON.parse(list('*socket*', '--argument', 'sockaddr', '--json').stdout) as LsmHook[];
    const names = named.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['socket_bind', 'socket_connect']));
    expect(names).not.toContain('socket_listen');
  });

  test('describes one hook', () => {
    const { stdout, status } = list('file_open');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^int file_open\(struct file \*file\)\n/);
    expect(stdout).toMatch(/lsm\/file_open/);
    expect(stdout).toMatch(/0 {2}struct file \* {2}file/);
  });

  test('fails when there is none, with the nearest name', () => {
    const missing = list('file_opne');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(
      /^bpf-lsm: this kernel has no LSM hook file_opne; did you mean .*file_open.*\n$/,
    );
    expect(list('no_such_*').status).toBe(1);
  });
});
