import { describe, expect, test } from 'vitest';
import { Child } from '../support/child.js';
import { fixture, shipped } from '../support/objects.js';

/** Loads an object in a process started by another command. */
async function load(object: string, ...command: string[]): Promise<unknown> {
  using child = new Child('load-object', [object], { command });
  const { stdout, stderr } = await child.ended();
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** As an unprivileged user who keeps some capabilities. */
function keeping(...capabilities: string[]): string[] {
  const kept = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  return ['setpriv', ...user, `--inh-caps=${kept}`, `--ambient-caps=${kept}`];
}

describe('what loading takes, and what the error names', () => {
  test('a cgroup/ program: CAP_BPF and CAP_NET_ADMIN', async () => {
    expect(await load(fixture('cgroup_connect'), ...keeping('bpf', 'net_admin'))).toEqual({
      loaded: ['refuse_connect'],
    });
    expect(await load(fixture('cgroup_connect'), ...keeping('bpf'))).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_NET_ADMIN .*give it CAP_BPF and CAP_NET_ADMIN/),
    });
    expect(await load(fixture('cgroup_connect'), ...keeping())).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_BPF and CAP_NET_ADMIN/),
    });
  });

  test('a map: CAP_BPF, while kernel.unprivileged_bpf_disabled is not 0', async () => {
    expect(await load(fixture('only_map'), ...keeping('bpf'))).toEqual({ loaded: [] });
    expect(await load(fixture('only_map'), ...keeping())).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_BPF, and kernel.unprivileged_bpf_disabled is 2 /),
    });
  });

  test('the first user namespace', async () => {
    expect(await load(shipped('examples/exec_count'), 'unshare', '--user', '--map-root-user')).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/in a user namespace, where capabilities do not count/),
    });
  });

  test("the kernel's types", async () => {
    const hidden = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs none /sys/kernel/btf && exec "$@"',
      'sh',
    ];
    expect(await load(shipped('examples/exec_count'), ...hidden)).toMatchObject({
      reason: 'kernel',
      message: expect.stringMatching(/no \/sys\/kernel\/btf\/vmlinux .*CONFIG_DEBUG_INFO_BTF/),
    });
    expect(await load(shipped('examples/exec_count'))).toMatchObject({ loaded: expect.any(Array) });
  });
});
