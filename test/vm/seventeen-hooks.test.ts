import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachToHook, BpfObject, type CgroupAttachment } from '../../src/index.js';
import { TestCgroup } from '../support/cgroup-contract.js';
import { fixture } from '../support/objects.js';
import { type Peers, toItself, USES } from '../support/seventeen-hooks.js';
import { SocketUser } from '../support/socket-user.js';

const HOOKS = [...Object.keys(USES), 'socket_sock_rcv_skb', 'sk_free_security'];

const directory = mkdtempSync(join(tmpdir(), 'seventeen-hooks-'));
let object: BpfObject;
let guarded: TestCgroup;
let beside: TestCgroup;
let inside: SocketUser;
let outside: SocketUser;
let server: SocketUser;
let peers: Peers;
let attachments: CgroupAttachment[];

beforeAll(async () => {
  guarded = new TestCgroup();
  beside = new TestCgroup();
  inside = new SocketUser();
  outside = new SocketUser();
  server = new SocketUser();
  inside.move(guarded.cgroup.createChild('below'));
  outside.move(beside.cgroup);
  peers = await serve(server);
  object = await BpfObject.open(fixture('seventeen_hooks')).load();
  attachments = [];
  // All at the same time, before any is tried.
  for (const hook of HOOKS) attachments.push(await attachToHook(object, `on_${hook}`, guarded.cgroup));
});

afterAll(() => {
  for (const attachment of attachments ?? []) attachment.close();
  for (const user of [inside, outside, server]) user?.[Symbol.dispose]();
  object?.close();
  guarded?.[Symbol.dispose]();
  beside?.[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

async function serve(user: SocketUser): Promise<Peers> {
  const sockets = { stream: join(directory, 'stream'), datagram: join(directory, 'datagram') };
  const [udp, stream, datagram] = [
    await user.socket('udp'),
    await user.socket('stream'),
    await user.socket('datagram'),
  ];
  await user.ask('bind', udp, 0);
  await user.ask('bind', stream, sockets.stream);
  await user.ask('listen', stream);
  await user.ask('bind', datagram, sockets.datagram);
  return { port: Number(await user.ask('port', udp)), ...sockets };
}

const calls = (hook: string): bigint => object.globals[`calls_${hook}`] as bigint;
const deny = (hook: string): void => {
  object.globals.denied = hook.toUpperCase();
};

test('seventeen hooks of a cgroup are carried at the same time, more than lsm_cgroup/ programs can', () => {
  const carriers = attachments.map(({ hook, carrier }) => ({ hook, ...carrier }));
  console.log(carriers.map(({ hook, name, decides }) => `${hook}: ${name}, by the ${decides}`).join('\n'));
  expect(carriers.map(({ hook }) => hook)).toEqual(HOOKS);
  const carriedBy = (name: string) => carriers.filter((carrier) => carrier.name === name).length;
  expect(carriedBy('lsm_cgroup')).toBeLessThanOrEqual(10);
  expect(carriedBy('lsm_cgroup') + carriedBy('gated_lsm')).toBe(15);
  expect(carriers.slice(-2)).toMatchObject([
    { name: 'cgroup_inet_ingress', decides: 'socket' },
    { name: 'cgroup_inet_sock_release', decides: 'socket' },
  ]);
});

describe.each(Object.keys(USES))('%s', (hook) => {
  test('is denied in the cgroup while the program says so, and never beside it', async () => {
    const use = USES[hook] as (typeof USES)[string];
    const before = calls(hook);
    expect(await use(outside, peers)).toBe('0');
    expect(calls(hook)).toBe(before);
    expect(await use(inside, peers)).toBe('0');
    expect(calls(hook)).toBeGreaterThan(before);
    deny(hook);
    expect(await use(inside, peers)).toBe('EACCES');
    expect(await use(outside, peers)).toBe('0');
    deny('nothing');
    expect(await use(inside, peers)).toBe('0');
  });
});

test('socket_sock_rcv_skb is denied in the cgroup: what is sent does not arrive', async () => {
  const ownSocket = await toItself(inside);
  const otherSocket = await toItself(outside);
  const before = calls('socket_sock_rcv_skb');
  await outside.ask('send', otherSocket, 'first');
  expect(await outside.ask('recv', otherSocket)).toBe('first');
  expect(calls('socket_sock_rcv_skb')).toBe(before);
  await inside.ask('send', ownSocket, 'first');
  expect(await inside.ask('recv', ownSocket)).toBe('first');
  expect(calls('socket_sock_rcv_skb')).toBeGreaterThan(before);
  deny('socket_sock_rcv_skb');
  await inside.ask('send', ownSocket, 'lost');
  await outside.ask('send', otherSocket, 'second');
  expect(await outside.ask('recv', otherSocket)).toBe('second');
  deny('nothing');
  await inside.ask('send', ownSocket, 'third');
  expect(await inside.ask('recv', ownSocket)).toBe('third');
});

test('sk_free_security is seen for sockets of the cgroup, and no others', async () => {
  const before = calls('sk_free_security');
  await outside.once('udp', 'port');
  expect(calls('sk_free_security')).toBe(before);
  await inside.once('udp', 'port');
  expect(calls('sk_free_security')).toBe(before + 1n);
});

test('nothing is denied or seen any more once the attachments are closed', async () => {
  for (const attachment of attachments) attachment.close();
  for (const hook of Object.keys(USES)) {
    deny(hook);
    const before = calls(hook);
    expect(await (USES[hook] as (typeof USES)[string])(inside, peers)).toBe('0');
    expect(calls(hook)).toBe(before);
  }
});
