import { existsSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  attachToHook,
  BpfMap,
  BpfObject,
  type CgroupAttachment,
  CgroupHook,
  type HookOptions,
  Link,
} from '../../src/index.js';
import { TestCgroup } from '../support/cgroup-contract.js';
import { bpfFiles } from '../support/fds.js';
import { fixture } from '../support/objects.js';
import { SocketUser } from '../support/socket-user.js';
import { thrown } from '../support/thrown.js';

const PIN = '/sys/fs/bpf/cgroup-hooks';
const EITHER = [['lsm_cgroup'], ['gated_lsm']] as const;

let object: BpfObject;
let own: TestCgroup;
let user: SocketUser;
let before: string[];

beforeAll(() => {
  before = bpfFiles();
});

afterAll(() => {
  expect(bpfFiles()).toEqual(before);
});

beforeEach(async () => {
  own = new TestCgroup();
  user = new SocketUser();
  object = await BpfObject.open(fixture('cgroup_hooks')).load();
});

afterEach(() => {
  for (const hook of ['socket_bind', 'sk_free_security']) new CgroupHook(hook).clear();
  object.close();
  user[Symbol.dispose]();
  own[Symbol.dispose]();
});

const bind = (): Promise<string> => user.once('tcp', 'bind', 0);
const attach = (program: string, options?: HookOptions): Promise<CgroupAttachment> =>
  attachToHook(object, program, own.cgroup, options);

describe.each(EITHER)('a hook that is carried by %s', (carrier) => {
  test('is judged for a cgroup and what is below it, while it is attached, and not beside it', async () => {
    const below = own.cgroup.createChild('a/b');
    using beside = new TestCgroup();
    user.move(below);
    expect(await bind()).toBe('0');
    const attachment = await attach('deny_bind', { carrier });
    expect(attachment).toMatchObject({
      program: 'deny_bind',
      hook: 'socket_bind',
      cgroup: own.cgroup,
      carrier: { name: carrier, decides: 'task' },
      closed: false,
      defunct: false,
    });
    expect(await bind()).toBe('EACCES');
    user.move(own.cgroup);
    expect(await bind()).toBe('EACCES');
    user.move(beside.cgroup);
    expect(await bind()).toBe('0');
    user.move();
    expect(await bind()).toBe('0');
    user.move(below);
    attachment.close();
    attachment.close();
    expect(await bind()).toBe('0');
    expect(attachment.closed).toBe(true);
  });

  test('has as many programs as were added and not removed, and behaves so', async () => {
    const hook = new CgroupHook('socket_bind');
    const { cgroup } = own;
    user.move(cgroup);
    const counts = [hook.count(cgroup)];
    const count = () => counts.push(hook.count(cgroup));
    const first = await hook.add(object, 'deny_bind', cgroup, { carrier });
    count();
    expect(await bind()).toBe('EACCES');
    const error = await thrown(() => hook.add(object, 'deny_bind', cgroup, { carrier }));
    expect(error).toMatchObject({ code: 'EEXIST', hook: 'socket_bind', path: cgroup.path });
    const second = await hook.add(object, 'busy_bind', cgroup, { carrier });
    count();
    expect(hook.list(cgroup)).toEqual([first, second]);
    expect(['EACCES', 'EBUSY']).toContain(await bind());
    expect(hook.remove(object, 'deny_bind', cgroup)).toBe(true);
    expect(hook.remove(object, 'deny_bind', cgroup)).toBe(false);
    count();
    expect(await bind()).toBe('EBUSY');
    expect(hook.clear(cgroup)).toBe(1);
    count();
    expect(await bind()).toBe('0');
    expect(counts).toEqual([0, 1, 2, 1, 0]);
    expect([first.closed, second.closed]).toEqual([true, true]);
  });

  test('is judged for each of several cgroups by itself', async () => {
    using other = new TestCgroup();
    const attachment = await attach('deny_bind', { carrier });
    const further = await attachToHook(object, 'deny_bind', other.cgroup, { carrier });
    expect(further.linkId === attachment.linkId).toBe(carrier === 'gated_lsm');
    attachment.close();
    user.move(own.cgroup);
    expect(await bind()).toBe('0');
    user.move(other.cgroup);
    expect(await bind()).toBe('EACCES');
    further.close();
    expect(await bind()).toBe('0');
  });

  test('goes on when the object is closed, and when nothing refers to the attachment', async () => {
    await attach('deny_bind', { carrier });
    object.close();
    user.move(own.cgroup);
    expect(await bind()).toBe('EACCES');
    const [attachment] = new CgroupHook('socket_bind').list(own.cgroup);
    attachment?.close();
    expect(await bind()).toBe('0');
  });

  test('outlives its attachment by a pin', async () => {
    user.move(own.cgroup);
    const attachment = await attach('deny_bind', { carrier });
    attachment.pin(PIN);
    expect(attachment.pinPath).toBe(PIN);
    expect(existsSync(`${PIN}_gate`)).toBe(carrier === 'gated_lsm');
    expect(await thrown(() => attachment.pin(`${PIN}-2`))).toMatchObject({ code: 'ERR_BPF_STATE' });
    attachment.unpin();
    expect(await thrown(() => attachment.unpin())).toMatchObject({ code: 'ERR_BPF_STATE' });
    attachment.pin(PIN);
    attachment.close();
    object.close();
    expect(await bind()).toBe('EACCES');
    if (carrier === 'gated_lsm') {
      using gate = BpfMap.open<bigint, number>(`${PIN}_gate`);
      expect([...gate.keys()]).toEqual([own.cgroup.id]);
    }
    using link = Link.open(PIN);
    link.unpin();
    link.close();
    // The kernel lets go of it in a worker.
    await expect.poll(bind, { timeout: 20_000 }).toBe('0');
    if (carrier === 'gated_lsm') rmSync(`${PIN}_gate`);
    expect([existsSync(PIN), existsSync(`${PIN}_gate`)]).toEqual([false, false]);
  });

  test('says so when its cgroup is removed', async () => {
    const attachment = await attach('deny_bind', { carrier });
    own.cgroup.remove();
    expect(attachment.defunct).toBe(true);
    attachment.close();
    const error = await thrown(() => attach('deny_bind', { carrier }));
    expect(error).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
    expect(new CgroupHook('socket_bind').count()).toBe(0);
  });
});

describe('whose cgroup decides:', () => {
  // Where the task is, and where the socket was made.
  const CASES = [
    ['in the cgroup', 'in the cgroup'],
    ['in the cgroup', 'elsewhere'],
    ['elsewhere', 'in the cgroup'],
    ['elsewhere', 'elsewhere'],
  ] as const;
  const BY_TASK = ['denied', 'denied', 'allowed', 'allowed'];
  const BY_SOCKET = ['denied', 'allowed', 'denied', 'allowed'];

  test.each([
    ['lsm_cgroup', 'task', 'deny_bind', { carrier: 'lsm_cgroup' }, BY_TASK],
    ['gated_lsm', 'task', 'deny_bind', { carrier: 'gated_lsm' }, BY_TASK],
    ['gated_lsm', 'socket', 'deny_bind_of_socket', {}, BY_SOCKET],
    ['cgroup_inet4_bind', 'socket', 'deny_bind4', {}, BY_SOCKET],
  ] as const)('%s, by the %s', async (name, decides, program, options, expected) => {
    const attachment = await attach(program, options);
    expect(attachment.carrier).toEqual({ name, decides });
    const outcomes: string[] = [];
    const move = (place: string) => user.move(place === 'elsewhere' ? undefined : own.cgroup);
    for (const [task, socket] of CASES) {
      move(socket);
      const number = await user.socket('tcp');
      move(task);
      outcomes.push((await user.ask('bind', number, 0)) === '0' ? 'allowed' : 'denied');
      await user.ask('close', number);
    }
    const table = CASES.map(([task, socket], i) => `task ${task}, socket ${socket}: ${outcomes[i]}`);
    console.log([`${name} (by the ${decides})`, ...table].join('\n  '));
    expect(outcomes).toEqual(expected);
  });

  test('it can be asked for, and what cannot be had is refused', async () => {
    const error = await thrown(() => attach('deny_bind', { decides: 'socket' }));
    expect(error).toMatchObject({
      code: 'ERR_BPF_NO_CARRIER',
      hint: expect.stringContaining('CGROUP_SOCKET_HOOK'),
    });
    expect(await thrown(() => attach('deny_bind_of_socket', { decides: 'task' }))).toMatchObject({
      code: 'ERR_BPF_NO_CARRIER',
    });
    const attachment = await attach('deny_bind_of_socket', { decides: 'socket' });
    expect(attachment.carrier).toEqual({ name: 'gated_lsm', decides: 'socket' });
  });

  test('a hook that is called without its task goes by the socket, below the cgroup too', async () => {
    const frees = () => object.globals.frees as bigint;
    await attach('count_frees');
    const start = frees();
    await user.once('udp', 'port');
    expect(frees()).toBe(start);
    user.move(own.cgroup.createChild('a/b/c'));
    await user.once('udp', 'port');
    await expect.poll(frees, { timeout: 20_000 }).toBe(start + 1n);
  });
});

test('a program that takes back what others deny is attached to no hook', async () => {
  user.move(own.cgroup);
  await attach('deny_bind');
  using other = await BpfObject.open(fixture('cgroup_order')).load();
  const error = await thrown(() => attachToHook(other, 'takes_back', own.cgroup));
  expect(error).toMatchObject({ code: 'ERR_BPF_NOT_GUARANTEED', program: 'takes_back' });
  expect(await bind()).toBe('EACCES');
  // By its own attach() it may.
  using _ = other.programs.takes_back?.attach({ cgroup: own.cgroup });
  expect(await bind()).toBe('0');
});

describe('when ten hooks have lsm_cgroup/ programs', () => {
  test('the eleventh is carried by a gated program, and the first again once there is room', async () => {
    using eleven = await BpfObject.open(fixture('eleven_hooks')).load();
    const names = Object.keys(eleven.programs).filter((name) => name !== 'on_socket_bind');
    const attachments: CgroupAttachment[] = [];
    for (const name of names) attachments.push(await attachToHook(eleven, name, own.cgroup));
    expect(attachments.map(({ carrier }) => carrier.name)).toEqual(Array(10).fill('lsm_cgroup'));

    user.move(own.cgroup);
    expect(object.report.deny_bind_gated?.state).toBe('off');
    const eleventh = await attach('deny_bind');
    expect(eleventh.carrier).toEqual({ name: 'gated_lsm', decides: 'task' });
    expect(object.report.deny_bind_gated?.state).toBe('loaded');
    expect(await bind()).toBe('EACCES');
    const only = await thrown(() => attach('busy_bind', { carrier: 'lsm_cgroup' }));
    expect(only).toMatchObject({ code: 'EINVAL', reason: 'kernel', hook: 'socket_bind' });
    eleventh.close();
    expect(await bind()).toBe('0');

    for (const attachment of attachments) attachment.close();
    // The kernel frees the places in a worker.
    const again = async () => {
      const attachment = await attach('deny_bind');
      const { name } = attachment.carrier;
      const answer = await bind();
      attachment.close();
      return [name, answer];
    };
    await expect.poll(again, { timeout: 20_000 }).toEqual(['lsm_cgroup', 'EACCES']);
  });
});

describe('what is refused, and why:', () => {
  test.each([
    ['a program that is asked for everybody', 'host_wide', 'ERR_BPF_NO_CARRIER', /has no gate/],
    ['one for no hook', 'no_hook', 'ERR_BPF_NO_CARRIER', /stands for no LSM hook/],
    ['a hook without its task', 'drop_all', 'ERR_BPF_NO_CARRIER', /cgroup_inet_ingress/],
    ['an unknown program', 'nonsense', 'ERR_BPF_UNKNOWN_NAME', /it has deny_bind/],
  ])('%s', async (_, program, code, message) => {
    expect(await thrown(() => attach(program))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('what is no object, no cgroup, or not open', async () => {
    for (const [first, second] of [
      [{}, own.cgroup],
      [object, own.cgroup.path],
    ]) {
      const error = await thrown(() => attachToHook(first as BpfObject, 'deny_bind', second as never));
      expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT' });
    }
    object.close();
    expect(await thrown(() => attach('deny_bind'))).toMatchObject({ code: 'ERR_BPF_CLOSED' });
    expect(await thrown(() => attach('deny_bind', { carrier: 'gated_lsm' }))).toMatchObject({
      code: 'ERR_BPF_CLOSED',
    });
  });

  test('a program of another hook, and a hook that is none', async () => {
    const error = await thrown(() => new CgroupHook('socket_listen').add(object, 'deny_bind', own.cgroup));
    expect(error).toMatchObject({ code: 'ERR_BPF_ARGUMENT', hook: 'socket_bind' });
    expect(await thrown(() => new CgroupHook('socket_bnd'))).toMatchObject({
      code: 'ESRCH',
      reason: 'kernel',
    });
  });

  test('more cgroups than a gate has room for', async () => {
    const open = BpfObject.open(fixture('cgroup_hooks'));
    (open.maps.deny_bind_gate as { maxEntries: number }).maxEntries = 1;
    using small = await open.load();
    using other = new TestCgroup();
    using _first = await attachToHook(small, 'deny_bind', own.cgroup, { carrier: 'gated_lsm' });
    const error = await thrown(() =>
      attachToHook(small, 'deny_bind', other.cgroup, { carrier: 'gated_lsm' }),
    );
    expect(error).toMatchObject({ code: 'E2BIG', reason: 'input', program: 'deny_bind_gated' });
    user.move(own.cgroup);
    expect(await bind()).toBe('EACCES');
  });

  test('the same program on the same cgroup by two calls at a time', async () => {
    const twice = await Promise.allSettled([
      attach('deny_bind', { carrier: 'gated_lsm' }),
      attach('deny_bind', { carrier: 'gated_lsm' }),
    ]);
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    user.move(own.cgroup);
    expect(await bind()).toBe('EACCES');
  });
});
