import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TestCgroup } from '../support/cgroup-contract.js';
import { Child } from '../support/child.js';
import { fixture } from '../support/objects.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';

/** What comes of attaching twice, attaching guaranteed, and of two looks at the cgroup. */
async function attachTwice(...capabilities: string[]): Promise<unknown[]> {
  using own = new TestCgroup();
  using child = new Child('attach-twice', [fixture('cgroup_order'), own.cgroup.path], {
    command: asOrdinaryUser(...capabilities),
  });
  const { stdout, stderr } = await child.ended();
  expect(stderr).toBe('');
  return JSON.parse(stdout) as unknown[];
}

const refused = { code: 'EPERM', reason: 'permission', hint: 'run it as root, or give it CAP_NET_ADMIN' };
/** That of this process; a service manager may have attached what makes for more. */
const some = existsSync('/run/systemd/system') ? expect.toSatisfy((count: number) => count >= 1) : 1;
const unproven = { code: 'ERR_BPF_NOT_GUARANTEED', reason: 'permission' };

test('without CAP_NET_ADMIN nobody tells what is attached: a second attachment is not seen', async () => {
  expect(await attachTwice('bpf', 'perfmon')).toMatchObject(['cgroup', 'cgroup', unproven, refused, refused]);
});

test('with it, a second attachment is refused; with CAP_SYSLOG too, guarantees are told', async () => {
  const twice = { code: 'EEXIST', reason: 'input' };
  expect(await attachTwice('bpf', 'perfmon', 'net_admin')).toMatchObject([
    'cgroup',
    twice,
    unproven,
    1,
    some,
  ]);
  const all = ['bpf', 'perfmon', 'net_admin', 'syslog'];
  expect(await attachTwice(...all)).toMatchObject(['cgroup', twice, twice, 1, some]);
});
