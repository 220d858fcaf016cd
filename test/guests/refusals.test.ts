import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Vm } from 'bpf-lsm/testing';
import { describe, expect, test } from 'vitest';
import { openAptRoot } from '../../src/testing/apt-root.js';
import { kernelSource } from '../../src/testing/kernels.js';

/** `npm run vm -- ARGUMENTS -- true`: its exit status and what it said. */
function tryToBoot(args: readonly string[], env: NodeJS.ProcessEnv = {}): { status: number; said: string } {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/vm.mjs', ...args, '--', 'true'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { status: status ?? -1, said: stderr };
}

// Nobody, not even root, makes files in sysfs.
describe('a guest that cannot be booted says what to do', () => {
  test('when the cache cannot be written', () => {
    expect(tryToBoot([], { BPF_LSM_CACHE: '/sys/bpf-lsm' })).toEqual({
      status: 125,
      said: expect.stringMatching(
        /^vm: A guest needs \/sys\/bpf-lsm, but .*: set BPF_LSM_CACHE to another directory\.$/m,
      ),
    });
  });

  test('when the directory for temporary files cannot be written', () => {
    expect(tryToBoot([], { TMPDIR: '/sys' })).toEqual({
      status: 125,
      said: expect.stringMatching(/^vm: A guest needs \/sys, but .*: set TMPDIR to another directory\.$/m),
    });
  });

  test('when a share is no directory', () => {
    expect(tryToBoot(['--share', 'results=/etc/passwd'])).toEqual({
      status: 2,
      said: 'vm: The guest cannot be booted: the share results needs a directory, which /etc/passwd is not.\n',
    });
  });

  test('when it did not come up in time', async () => {
    await expect(Vm.boot({ timeout: 1 })).rejects.toMatchObject({
      code: 'BOOT_TIMEOUT',
      message: expect.stringMatching(/was not up within 1 ms: give it more time \(timeout\)/),
    });
  });

  test('when the archive of its kernel cannot be reached', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-apt-'));
    try {
      const main = {
        uris: ['http://127.0.0.1:1/debian'],
        suites: [],
        components: ['main'],
        signedBy: undefined,
      };
      const apt = await openAptRoot(directory, { main, security: undefined }, kernelSource('7.3'), 'amd64');
      await expect(apt.update()).rejects.toMatchObject({
        code: 'NO_KERNEL',
        message: expect.stringMatching(
          /^No kernel can be fetched from http:\/\/127\.0\.0\.1:1\/debian, because apt-get update failed: see that the archive can be reached .*127\.0\.0\.1/,
        ),
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('a command in a directory that the guest does not have says so', async () => {
  const vm = await Vm.boot();
  try {
    expect(await vm.run(['true'], { cwd: '/nowhere' })).toMatchObject({
      code: 126,
      stderr: expect.stringMatching(/^The guest cannot enter the directory \/nowhere: /),
    });
    expect((await vm.run(['true'], { cwd: '/' })).code).toBe(0);
  } finally {
    await vm.close();
  }
});
