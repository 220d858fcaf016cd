import { describe, expect, test } from 'vitest';
import { Child } from '../support/child.js';
import { fixture, shipped } from '../support/objects.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';

/** Loads an object in a process started by another command. */
async function load(object: string, ...command: string[]): Promise<unknown> {
  using child = new Child('load-object', [object], { command });
  const { stdout, stderr } = await child.ended();
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('what loading takes, and what the error names', () => {
  test('a cgroup/ program: CAP_BPF and CAP_NET_ADMIN', async () => {
    expect(await load(fixture('cgroup_connect'), ...asOrdinaryUser('bpf', 'net_admin'))).toEqual({
      loaded: ['refuse_connect'],
    });
    expect(await load(fixture('cgroup_connect'), ...asOrdinaryUser('bpf'))).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_NET_ADMIN .*give it CAP_BPF and CAP_NET_ADMIN/),
    });
    expect(await load(fixture('cgroup_connect'), ...asOrdinaryUser())).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
      message: expect.stringMatching(/lacks CAP_BPF and CAP_NET_ADMIN/),
    });
  });

  test('a map: CAP_BPF, while kernel.unprivileged_bpf_disabled is not 0', async () => {
    expect(await load(fixture('only_map'), ...asOrdinaryUser('bpf'))).toEqual({ loaded: [] });
    expect(await load(fixture('only_map'), ...asOrdinaryUser())).toMatchObject({
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
