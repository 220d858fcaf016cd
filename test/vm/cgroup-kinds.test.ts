import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfObject, BpfProgram } from '../../src/index.js';
import { TestCgroup } from '../support/cgroup.js';
import { bpfFiles } from '../support/fds.js';
import { fixture } from '../support/objects.js';
import { tryBind, useEverything } from '../support/sockets.js';
import { thrown } from '../support/thrown.js';

let object: BpfObject;
let cgroup: TestCgroup;
let before: string[];

beforeAll(async () => {
  before = bpfFiles();
  cgroup = new TestCgroup('cgroup-kinds');
  object = await BpfObject.open(fixture('cgroup_kinds')).load();
});

afterAll(() => {
  cgroup?.remove();
  object?.close();
  expect(bpfFiles()).toEqual(before);
});

const program = (name: string): BpfProgram => object.programs[name] as BpfProgram;
const runs = (name: string): bigint => object.globals[`runs_${name}`] as bigint;

const KINDS = [
  ['bind4', 'cgroup_inet4_bind'],
  ['connect4', 'cgroup_inet4_connect'],
  ['sendmsg4', 'cgroup_udp4_sendmsg'],
  ['recvmsg4', 'cgroup_udp4_recvmsg'],
  ['getpeername4', 'cgroup_inet4_getpeername'],
  ['getsockname4', 'cgroup_inet4_getsockname'],
  ['sock_create', 'cgroup_inet_sock_create'],
  ['sock_release', 'cgroup_inet_sock_release'],
  ['post_bind4', 'cgroup_inet4_post_bind'],
  ['sysctl', 'cgroup_sysctl'],
  ['device', 'cgroup_device'],
  ['getsockopt', 'cgroup_getsockopt'],
  ['setsockopt', 'cgroup_setsockopt'],
  ['ingress', 'cgroup_inet_ingress'],
  ['egress', 'cgroup_inet_egress'],
  ['sock_ops', 'cgroup_sock_ops'],
  ['lsm_bind', 'lsm_cgroup'],
] as const;

/** Does everything in the cgroup, and beside it. */
async function inside(): Promise<void> {
  cgroup.enter();
  await useEverything();
  cgroup.leave();
}

describe.each(KINDS)('a program of the kind of %s', (name, attachType) => {
  test('runs for its cgroup while it is attached, and for no other', async () => {
    expect(program(name).attachType).toBe(attachType);
    await inside();
    expect(runs(name)).toBe(0n);
    const link = program(name).attach({ cgroup: cgroup.path });
    expect(link.info()).toMatchObject({ type: 'cgroup', attachType, defunct: false });
    await useEverything();
    expect(runs(name)).toBe(0n);
    await inside();
    const during = runs(name);
    expect(during).toBeGreaterThan(0n);
    link.close();
    await inside();
    expect(runs(name)).toBe(during);
  });

  test('attaches from a pin as well', async () => {
    const path = '/sys/fs/bpf/cgroup-kinds';
    program(name).pin(path);
    using opened = BpfProgram.open(path);
    rmSync(path);
    const unknown = opened.type === 'cgroup_skb';
    expect(opened.attachType).toBe(unknown ? undefined : attachType);
    if (unknown) {
      const error = await thrown(() => opened.attach({ cgroup: cgroup.path }));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: expect.stringContaining(attachType) });
    }
    using link = opened.attach({ cgroup: cgroup.path, ...(unknown && { attachType }) });
    expect(link.info()).toMatchObject({ type: 'cgroup', attachType });
  });
});

test('a program in cgroup/skb goes either way, as attach() is told', async () => {
  using egress = program('either_way').attach({ cgroup: cgroup.path, attachType: 'cgroup_inet_egress' });
  using ingress = program('either_way').attach({ cgroup: cgroup.path, attachType: 'cgroup_inet_ingress' });
  expect(egress.info()).toMatchObject({ attachType: 'cgroup_inet_egress' });
  expect(ingress.info()).toMatchObject({ attachType: 'cgroup_inet_ingress' });
  await inside();
  expect(runs('either_way')).toBeGreaterThan(0n);
});

describe.each(['bind4', 'lsm_bind', 'post_bind4'])('%s', (name) => {
  test('denies in its cgroup while it is attached, and not before, after or beside it', async () => {
    object.globals.deny = 1;
    cgroup.enter();
    expect(await tryBind()).toBe('0');
    const link = program(name).attach({ cgroup: cgroup.path });
    expect(await tryBind()).toBe('EPERM');
    cgroup.leave();
    expect(await tryBind()).toBe('0');
    cgroup.enter();
    link.close();
    expect(await tryBind()).toBe('0');
    cgroup.leave();
    object.globals.deny = 0;
  });
});

describe('what is refused, and why:', () => {
  test('no cgroup', async () => {
    const error = await thrown(() => program('bind4').attach());
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hint: 'pass attach({ cgroup: path })' });
  });

  test('a directory that is none', async () => {
    const error = await thrown(() => program('bind4').attach({ cgroup: '/tmp' }));
    expect(error).toMatchObject({ code: 'EBADF', reason: 'input' });
    expect(error.message).toContain('/tmp is no cgroup v2 directory');
  });

  test('an attach type that is not its own', async () => {
    const { path } = cgroup;
    for (const attachType of ['cgroup_inet4_connect', 'lsm_mac', 'nonsense']) {
      const error = await thrown(() => program('bind4').attach({ cgroup: path, attachType }));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', program: 'bind4' });
    }
  });

  test('a cookie', async () => {
    const error = await thrown(() => program('bind4').attach({ cgroup: cgroup.path, cookie: 5n }));
    expect(error).toMatchObject({
      code: 'ERR_BPF_ARGUMENT',
      message: expect.stringContaining('takes no cookie'),
    });
  });
});
