import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces, release } from 'node:os';
import { describe, expect, test } from 'vitest';

const read = (path: string): string => readFileSync(path, 'utf8').trim();

function mounts(): Map<string, string> {
  const lines = read('/proc/mounts').split('\n');
  return new Map(lines.map((line) => [line.split(' ')[1] ?? '', line.split(' ')[2] ?? '']));
}

describe('the guest', () => {
  test('runs the kernel of its line', () => {
    const line = process.env.BPF_LSM_KERNEL;
    expect(line).toMatch(/^\d+\.\d+$/);
    expect(release().startsWith(`${line}.`)).toBe(true);
  });

  test('has bpf among its LSMs', () => {
    expect(read('/sys/kernel/security/lsm').split(',')).toContain('bpf');
  });

  test('knows its own types, modules and configuration', () => {
    expect(existsSync('/sys/kernel/btf/vmlinux')).toBe(true);
    expect(existsSync(`/lib/modules/${release()}/modules.dep`)).toBe(true);
    expect(read(`/boot/config-${release()}`)).toContain('CONFIG_BPF_LSM=y');
  });

  test('has the file systems BPF needs', () => {
    const types = mounts();
    expect(types.get('/sys/fs/bpf')).toBe('bpf');
    expect(types.get('/sys/fs/cgroup')).toBe('cgroup2');
    expect(types.get('/sys/kernel/tracing')).toBe('tracefs');
    expect(types.get('/sys/kernel/security')).toBe('securityfs');
  });

  // A checkout below the host's /tmp must be seen in the guest, which has no /tmp of its own then.
  test.skipIf(process.cwd().startsWith('/tmp/'))('has a /tmp of its own', () => {
    expect(mounts().get('/tmp')).toBe('tmpfs');
  });

  test('is run as root, in the root cgroup', () => {
    expect(process.getuid?.()).toBe(0);
    expect(read('/proc/self/cgroup')).toBe('0::/');
  });

  test('has loopback', () => {
    expect(networkInterfaces().lo?.some(({ address }) => address === '127.0.0.1')).toBe(true);
  });

  test('sends signals on', () => {
    expect(spawnSync('sh', ['-c', 'kill -INT $$']).signal).toBe('SIGINT');
  });
});

describe('the host', () => {
  test('lends its files, with a layer on top that can be written', () => {
    const file = `${process.cwd()}/written-in-the-guest`;
    writeFileSync(file, 'x');
    expect(read(file)).toBe('x');
  });

  test('cannot be written, even by another mount', () => {
    mkdirSync('/mnt/again', { recursive: true });
    execFileSync('mount', ['-t', 'virtiofs', '-o', 'rw', 'host', '/mnt/again']);
    try {
      expect(() => writeFileSync('/mnt/again/etc/bpf-lsm-evil', 'x')).toThrow(/EROFS/);
      expect(() => writeFileSync(`/mnt/again${process.cwd()}/bpf-lsm-evil`, 'x')).toThrow(/EROFS/);
      expect(existsSync('/mnt/again/proc/1')).toBe(false);
    } finally {
      execFileSync('umount', ['/mnt/again']);
    }
  });
});
