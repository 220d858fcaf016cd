import { rmdirSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AttachOptions, BpfObject, type BpfProgram, Link } from '../../src/index.js';
import { TestCgroup } from '../support/cgroup.js';
import { bpfFiles } from '../support/fds.js';
import { fixture } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

const PINS = '/sys/fs/bpf/link-contract';

let tracing: BpfObject;
let cgroups: BpfObject;
let spare: { tracing: BpfObject; cgroups: BpfObject };
let cgroup: TestCgroup;
let before: string[];

async function load(name: string): Promise<BpfObject> {
  return BpfObject.open(fixture(name)).load();
}

beforeAll(async () => {
  before = bpfFiles();
  cgroup = new TestCgroup('link-contract');
  tracing = await load('trace_kinds');
  cgroups = await load('cgroup_kinds');
  spare = { tracing: await load('trace_kinds'), cgroups: await load('cgroup_kinds') };
});

afterAll(() => {
  for (const object of [tracing, cgroups, spare?.tracing, spare?.cgroups]) object?.close();
  cgroup?.remove();
  expect(bpfFiles()).toEqual(before);
});

/** A link kind: the program, its type, and whether the kernel can update and detach it. */
interface Kind {
  type: string;
  program: string;
  on: 'tracing' | 'cgroups';
  updates: boolean;
  detaches: boolean;
}

const traced = (program: string, type = 'tracing'): Kind => ({
  type,
  program,
  on: 'tracing',
  updates: false,
  detaches: false,
});

const onCgroup = (program: string): Kind => ({
  type: 'cgroup',
  program,
  on: 'cgroups',
  updates: true,
  detaches: true,
});

const KINDS: readonly Kind[] = [
  traced('lsm_program'),
  traced('lsm_sleepable'),
  traced('fentry_program'),
  traced('fexit_program'),
  traced('fmod_ret_program'),
  traced('tp_btf_program', 'raw_tracepoint'),
  traced('raw_tp_program', 'raw_tracepoint'),
  traced('kprobe_program', 'perf_event'),
  traced('kretprobe_program', 'perf_event'),
  traced('tracepoint_program', 'perf_event'),
  { ...traced('iter_task', 'iter'), updates: true },
  onCgroup('lsm_bind'),
  onCgroup('bind4'),
  onCgroup('connect4'),
  onCgroup('sock_create'),
  onCgroup('sysctl'),
  onCgroup('device'),
  onCgroup('getsockopt'),
  onCgroup('egress'),
  onCgroup('sock_ops'),
];

describe.each(KINDS)('a link of $program ($type)', ({ type, program: name, on, updates, detaches }) => {
  const from = (object: BpfObject): BpfProgram => object.programs[name] as BpfProgram;
  const program = (): BpfProgram => from(on === 'tracing' ? tracing : cgroups);
  const other = (): BpfProgram => from(spare[on]);
  const attach = (): Link => {
    const options: AttachOptions = on === 'cgroups' ? { cgroup: cgroup.path } : {};
    return program().attach(options);
  };
  const isThere = async (id: number): Promise<boolean> => {
    try {
      Link.openById(id).close();
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOENT', reason: 'input' });
      return false;
    }
  };

  test('tells what it is, until it is closed, as often as that is done', async () => {
    const link = attach();
    const info = link.info();
    expect(info).toMatchObject({ id: link.id, type, programId: program().info().id });
    expect(await isThere(link.id)).toBe(true);
    expect(link.closed).toBe(false);
    link.close();
    link.close();
    expect(link.closed).toBe(true);
    for (const call of [
      () => link.info(),
      () => link.update(program()),
      () => link.detach(),
      () => link.pin(`${PINS}/closed`),
      () => link.text(),
    ]) {
      expect(await thrown(call)).toMatchObject({ code: 'ERR_BPF_CLOSED' });
    }
    expect(await isThere(link.id)).toBe(false);
  });

  test('is opened by its id, and attached until the last one is closed', async () => {
    const link = attach();
    const again = Link.openById(link.id);
    expect(again.info()).toEqual(link.info());
    link.close();
    expect(await isThere(again.id)).toBe(true);
    again.close();
    expect(await isThere(again.id)).toBe(false);
  });

  test('lives by its pin, and is opened by it', async () => {
    const link = attach();
    const { id } = link;
    link.pin(`${PINS}/pin`);
    expect(statSync(PINS).mode & 0o777).toBe(0o700);
    link.close();
    const opened = Link.open(`${PINS}/pin`);
    expect(opened.info()).toMatchObject({ id, type });
    expect(opened.pinPath).toBe(`${PINS}/pin`);
    opened.unpin();
    expect(await thrown(() => Link.open(`${PINS}/pin`))).toMatchObject({ code: 'ENOENT' });
    opened.close();
    expect(await isThere(id)).toBe(false);
    rmdirSync(PINS);
  });

  test(updates ? 'gets another program at once' : 'cannot be updated, and says so', async () => {
    using link = attach();
    if (!updates) {
      const error = await thrown(() => link.update(other()));
      expect(error).toMatchObject({
        code: 'ERR_BPF_NOT_SUPPORTED',
        reason: 'kernel',
        syscall: 'bpf(BPF_LINK_UPDATE)',
      });
      expect(error.hint).toContain(type === 'tracing' ? 'use replace()' : 'attach the new program');
      expect(link.info()).toMatchObject({ programId: program().info().id });
      return;
    }
    link.update(other());
    expect(link.info()).toMatchObject({ type, programId: other().info().id });
    const wrong = await thrown(() => link.update(program(), { expectedOld: program() }));
    expect(wrong).toMatchObject({ code: 'EPERM', reason: 'input' });
    expect(wrong.message).toContain('another program than the expected one is attached');
    link.update(program(), { expectedOld: other() });
    expect(link.info()).toMatchObject({ programId: program().info().id });
  });

  test(detaches ? 'is detached by force' : 'cannot be detached by force, and says so', async () => {
    using link = attach();
    using held = Link.openById(link.id);
    if (!detaches) {
      const error = await thrown(() => link.detach());
      expect(error).toMatchObject({ code: 'ERR_BPF_NOT_SUPPORTED', reason: 'kernel' });
      expect(error.hint).toContain('close it in every process that holds it');
      return;
    }
    held.detach();
    expect(link.info()).toMatchObject({ type: 'cgroup', cgroupId: 0n, defunct: true });
    expect(await thrown(() => link.update(other()))).toMatchObject({ code: 'ENOLINK', reason: 'input' });
    held.detach();
  });
});

describe('the link of a cgroup that is removed', () => {
  test('tells that it is defunct', async () => {
    using gone = new TestCgroup('link-contract-gone');
    using link = (cgroups.programs.bind4 as BpfProgram).attach({ cgroup: gone.path });
    expect(link.info()).toMatchObject({ cgroupId: BigInt(statSync(gone.path).ino), defunct: false });
    gone.remove();
    // kernel/bpf/cgroup.c cgroup_bpf_release() runs in a worker.
    await expect.poll(() => link.info(), { timeout: 10_000 }).toMatchObject({ cgroupId: 0n, defunct: true });
    const error = await thrown(() => link.update(spare.cgroups.programs.bind4 as BpfProgram));
    expect(error).toMatchObject({ code: 'ENOLINK' });
    expect(error.message).toContain('its cgroup is gone');
  });
});

describe('a program that does not belong on a cgroup link', () => {
  test.each([
    ['lsm_bind', 'lsm_mac_bind', 'ERR_BPF_ARGUMENT', /loaded for lsm_mac, and the link is one of lsm_cgroup/],
    ['lsm_bind', 'lsm_connect', 'ENOENT', /loaded for another hook/],
    ['bind4', 'connect4', 'ERR_BPF_ARGUMENT', /loaded for cgroup_inet4_connect/],
    ['bind4', 'egress', 'ERR_BPF_ARGUMENT', /loaded for cgroup_inet_egress/],
    ['egress', 'lsm_bind', 'ERR_BPF_ARGUMENT', /loaded for lsm_cgroup/],
  ])('%s is not replaced by %s', async (attached, wrong, code, message) => {
    using link = (cgroups.programs[attached] as BpfProgram).attach({ cgroup: cgroup.path });
    const error = await thrown(() => link.update(cgroups.programs[wrong] as BpfProgram));
    expect(error).toMatchObject({ code, reason: 'input' });
    expect(error.message).toMatch(message);
    expect(link.info()).toMatchObject({ programId: cgroups.programs[attached]?.info().id });
  });
});

test('an update judges by the new program at once, in the place of the old one', async () => {
  const { tryBind } = await import('../support/sockets.js');
  cgroups.globals.deny = 0;
  spare.cgroups.globals.deny = 1;
  const link = (cgroups.programs.lsm_bind as BpfProgram).attach({ cgroup: cgroup.path });
  cgroup.enter();
  expect(await tryBind()).toBe('0');
  link.update(spare.cgroups.programs.lsm_bind as BpfProgram);
  expect(await tryBind()).toBe('EPERM');
  cgroup.leave();
  expect(await tryBind()).toBe('0');
  cgroup.enter();
  link.update(cgroups.programs.lsm_bind as BpfProgram);
  expect(await tryBind()).toBe('0');
  cgroup.leave();
  link.close();
});

test('a link that does not exist is not opened by its id', async () => {
  const error = await thrown(() => Link.openById(0x7fffffff));
  expect(error).toMatchObject({ code: 'ENOENT', reason: 'input' });
  expect(error.message).toContain('there is no link with this id');
});
