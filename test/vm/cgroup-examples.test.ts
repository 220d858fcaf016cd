import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DenyConnect } from '../../examples/types/deny_connect.js';
import type { ExemptCgroups } from '../../examples/types/exempt_cgroups.js';
import type { LimitConnections } from '../../examples/types/limit_connections.js';
import type { Microsegmentation } from '../../examples/types/microsegmentation.js';
import type { RemapPorts } from '../../examples/types/remap_ports.js';
import {
  attachToHook,
  BpfObject,
  type Cgroup,
  type CgroupAttachment,
  type ObjectShape,
} from '../../src/index.js';
import { TestCgroup } from '../support/cgroup-contract.js';
import { shipped } from '../support/objects.js';
import { SocketUser } from '../support/socket-user.js';

const { EACCES } = constants.errno;
// include/uapi/asm-generic/errno.h; Node does not name it.
const EUSERS = 87;

let own: TestCgroup;
let beside: TestCgroup;
let inside: SocketUser;
let outside: SocketUser;

beforeEach(() => {
  own = new TestCgroup();
  beside = new TestCgroup();
  inside = new SocketUser();
  outside = new SocketUser();
  inside.move(own.cgroup);
  outside.move(beside.cgroup);
});

afterEach(() => {
  for (const each of [inside, outside, own, beside]) each[Symbol.dispose]();
});

async function attachAll<Shape extends ObjectShape>(
  object: BpfObject<Shape>,
  programs: readonly Shape['programs'][],
  cgroup: Cgroup = own.cgroup,
): Promise<CgroupAttachment[]> {
  const attachments: CgroupAttachment[] = [];
  for (const program of programs) attachments.push(await attachToHook(object, program, cgroup));
  return attachments;
}

const close = (attachments: readonly CgroupAttachment[]): void => {
  for (const attachment of attachments) attachment.close();
};

/** A new socket after a call on it, and what the call gave. */
async function opened(
  user: SocketUser,
  kind: 'tcp' | 'udp',
  call: string,
  ...words: (string | number)[]
): Promise<[socket: number, answer: string]> {
  const socket = (await user.socket(kind)) as number;
  return [socket, await user.ask(call, socket, ...words)];
}

/** A TCP port of loopback where somebody listens. */
async function listening(user: SocketUser): Promise<number> {
  const [socket] = await opened(user, 'tcp', 'bind', 0);
  await user.ask('listen', socket);
  return Number(await user.ask('port', socket));
}

/** A port where nobody listens, until the socket that has it is closed. */
async function unused(user: SocketUser): Promise<number> {
  const [socket] = await opened(user, 'tcp', 'bind', 0);
  return Number(await user.ask('port', socket));
}

describe('deny_connect', () => {
  test('denies connections to a port, with the errno of the policy, in the cgroup only', async () => {
    using object = await BpfObject.open<DenyConnect>(shipped('examples/deny_connect')).load();
    object.maps.denied_ports.set(1, 0);
    const other = await listening(outside);
    const connect = (user: SocketUser, port = 1) => user.once('tcp', 'connect', port);
    expect(await connect(inside)).toBe('ECONNREFUSED');
    const attachments = await attachAll(object, ['deny_connect', 'deny_fast_open']);
    expect(await connect(inside)).toBe('EPERM');
    expect(await inside.once('tcp', 'fastopen', 1, 'text')).toBe('EPERM');
    expect(await connect(inside, other)).toBe('0');
    expect(await connect(outside)).toBe('ECONNREFUSED');
    for (const [errno, name] of [
      [EUSERS, 'EUSERS'],
      [EACCES, 'EACCES'],
      [-5, 'EPERM'],
      [5000, 'EPERM'],
    ] as const) {
      object.maps.denied_ports.set(1, errno);
      expect(await connect(inside)).toBe(name);
    }
    expect(object.globals.denied).toBe(6n);
    close(attachments);
    expect(await connect(inside)).toBe('ECONNREFUSED');
    expect(await inside.once('tcp', 'fastopen', 1, 'text')).toBe('ECONNREFUSED');
  });
});

describe('remap_ports', () => {
  const binds = ['remap_bind4', 'remap_bind6', 'mask_sockname4', 'mask_sockname6'] as const;
  const connects = ['remap_connect4', 'remap_connect6', 'mask_peername4', 'mask_peername6'] as const;

  test.each(['tcp', 'udp'] as const)('binds another %s port, and hides it when told so', async (kind) => {
    using object = await BpfObject.open<RemapPorts>(shipped('examples/remap_ports')).load();
    object.maps.bind_ports.set(6789, 12345);
    expect(await inside.boundPort(kind, 6789)).toBe('6789');
    const attachments = await attachAll(object, binds);
    expect(await inside.boundPort(kind, 6789)).toBe('12345');
    expect(await inside.boundPort(kind, 6790)).toBe('6790');
    expect(await outside.boundPort(kind, 6789)).toBe('6789');
    object.globals.mask = true;
    expect(await inside.boundPort(kind, 6789)).toBe('6789');
    // It has the other port all the same: nobody else can have it.
    const [holder, answer] = await opened(inside, kind, 'bind', 6789);
    expect(answer).toBe('0');
    expect(await outside.once(kind, 'bind', 12345)).toBe('EADDRINUSE');
    await inside.ask('close', holder);
    close(attachments);
    object.globals.mask = false;
    expect(await inside.boundPort(kind, 6789)).toBe('6789');
  });

  test('connects each container to a server of its own, or to none', async () => {
    const server = await listening(outside);
    const asked = await unused(outside);
    using forOwn = await BpfObject.open<RemapPorts>(shipped('examples/remap_ports')).load();
    using forBeside = await BpfObject.open<RemapPorts>(shipped('examples/remap_ports')).load();
    forOwn.maps.connect_ports.set(asked, server);
    forBeside.maps.connect_ports.set(asked, 0);
    const connect = (user: SocketUser) => user.once('tcp', 'connect', asked);
    expect([await connect(inside), await connect(outside)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    const attachments = await attachAll(forOwn, connects);
    expect([await connect(inside), await connect(outside)]).toEqual(['0', 'ECONNREFUSED']);
    attachments.push(...(await attachAll(forBeside, connects, beside.cgroup)));
    expect([await connect(inside), await connect(outside)]).toEqual(['0', 'EPERM']);
    const [socket] = await opened(inside, 'tcp', 'connect', asked);
    expect(await inside.ask('peer', socket)).toBe(String(server));
    forOwn.globals.mask = true;
    expect(await inside.ask('peer', socket)).toBe(String(asked));
    close(attachments);
    expect([await connect(inside), await connect(outside)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  });
});

describe('limit_connections', () => {
  test('allows so many sockets to be connected to one place, and one more when one is closed', async () => {
    using object = await BpfObject.open<LimitConnections>(shipped('examples/limit_connections')).load();
    const attachments = await attachAll(object, ['forget_socket', 'limit_connect4', 'limit_connect6']);
    const sockets: number[] = [];
    const connect = async (port: number) => {
      const [socket, answer] = await opened(inside, 'udp', 'connect', port);
      sockets.push(socket);
      return answer;
    };
    for (let i = 0; i < 10; i++) expect(await connect(7001)).toBe('0');
    expect(await connect(7001)).toBe('EUSERS');
    expect(await connect(7002)).toBe('0');
    expect(await outside.once('udp', 'connect', 7001)).toBe('0');
    // A socket that is connected again counts once.
    expect(await inside.ask('connect', sockets[0] as number, 7001)).toBe('0');
    await inside.ask('close', sockets[0] as number);
    expect(await connect(7001)).toBe('0');
    expect(await connect(7001)).toBe('EUSERS');
    // One that goes elsewhere gives up its place.
    expect(await inside.ask('connect', sockets[1] as number, 7002)).toBe('0');
    expect(await connect(7001)).toBe('0');
    expect(object.globals.refused).toBe(2n);
    close(attachments);
    expect(await connect(7001)).toBe('0');
  });

  test('counts a connection that failed until its socket is closed', async () => {
    using object = await BpfObject.open<LimitConnections>(shipped('examples/limit_connections')).load();
    object.globals.limit = 2;
    const attachments = await attachAll(object, ['forget_socket', 'limit_connect4', 'limit_connect6']);
    const port = await unused(outside);
    const [first, refused] = await opened(inside, 'tcp', 'connect', port);
    expect(refused).toBe('ECONNREFUSED');
    expect((await opened(inside, 'tcp', 'connect', port))[1]).toBe('ECONNREFUSED');
    expect(await inside.once('tcp', 'connect', port)).toBe('EUSERS');
    await inside.ask('close', first);
    expect(await inside.once('tcp', 'connect', port)).toBe('ECONNREFUSED');
    close(attachments);
  });
});

describe('exempt_cgroups', () => {
  test('denies but in the cgroups that are listed, while they are', async () => {
    using object = await BpfObject.open<ExemptCgroups>(shipped('examples/exempt_cgroups')).load();
    object.globals.port = 6789;
    const free = own.cgroup.createChild('free');
    const other = own.cgroup.createChild('other');
    using freed = new SocketUser();
    using further = new SocketUser();
    freed.move(free.createChild('below'));
    further.move(other);
    const users = [inside, freed, further, outside];
    const bind = async (port = 6789) => {
      const answers: string[] = [];
      for (const user of users) answers.push(await user.once('tcp', 'bind', port));
      return answers;
    };
    expect(await bind()).toEqual(['0', '0', '0', '0']);
    const attachments = await attachAll(object, ['deny_bind']);
    expect(await bind()).toEqual(['EACCES', 'EACCES', 'EACCES', '0']);
    object.maps.exempt.set(3, free.path);
    expect(await bind()).toEqual(['EACCES', '0', 'EACCES', '0']);
    expect(await bind(6790)).toEqual(['0', '0', '0', '0']);
    object.maps.exempt.delete(3);
    expect(await bind()).toEqual(['EACCES', 'EACCES', 'EACCES', '0']);
    close(attachments);
    expect(await bind()).toEqual(['0', '0', '0', '0']);
  });
});

describe('microsegmentation', () => {
  test('keeps the unix sockets of cgroups apart, and lets each reach the addresses it may', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'microsegmentation-'));
    using object = await BpfObject.open<Microsegmentation>(shipped('examples/microsegmentation')).load();
    const [a, b] = [own.cgroup.createChild('a'), own.cgroup.createChild('b')];
    using inA = new SocketUser();
    using inB = new SocketUser();
    inA.move(a.createChild('below'));
    inB.move(b);
    object.maps.cgroup_tags.set(a.id, 1);
    object.maps.cgroup_tags.set(b.id, 2);
    object.maps.passages.set({ from: 1, to: 1 }, 1);
    object.maps.passages.set({ from: 2, to: 2 }, 1);
    const paths = new Map<SocketUser, [stream: string, datagram: string]>();
    for (const [name, user] of Object.entries({ inA, inB, outside })) {
      const [stream, datagram] = [join(directory, `${name}-stream`), join(directory, `${name}-datagram`)];
      const socket = (await user.socket('stream')) as number;
      await user.ask('bind', socket, stream);
      await user.ask('listen', socket);
      await user.ask('bind', (await user.socket('datagram')) as number, datagram);
      paths.set(user, [stream, datagram]);
    }
    const reach = async (from: SocketUser, to: SocketUser) => {
      const [stream = '', datagram = ''] = paths.get(to) ?? [];
      return [
        await from.once('stream', 'connect', stream),
        await from.once('datagram', 'sendto', datagram, 'text'),
      ];
    };
    const [denied, allowed] = [
      ['EPERM', 'EPERM'],
      ['0', '0'],
    ];
    const port = await listening(outside);
    const connect = (user: SocketUser) => user.once('tcp', 'connect', port);
    expect(await reach(inA, inB)).toEqual(allowed);
    const attachments = await attachAll(object, ['segment_stream', 'segment_datagram', 'segment_connect']);
    expect(await reach(inA, inA)).toEqual(allowed);
    expect(await reach(inB, inB)).toEqual(allowed);
    expect(await reach(inA, inB)).toEqual(denied);
    expect(await reach(inB, inA)).toEqual(denied);
    expect(await reach(inA, outside)).toEqual(denied);
    expect(await reach(outside, inA)).toEqual(allowed);
    object.maps.passages.set({ from: 1, to: 2 }, 1);
    expect(await reach(inA, inB)).toEqual(allowed);
    expect(await reach(inB, inA)).toEqual(denied);
    object.maps.passages.delete({ from: 1, to: 2 });
    expect(await reach(inA, inB)).toEqual(denied);

    const address = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1);
    expect([await connect(inA), await connect(inB), await connect(outside)]).toEqual(['EPERM', 'EPERM', '0']);
    object.maps.address_tags.set({ address, port }, 7);
    object.maps.passages.set({ from: 1, to: 7 }, 1);
    expect([await connect(inA), await connect(inB), await connect(outside)]).toEqual(['0', 'EPERM', '0']);
    close(attachments);
    expect(await reach(inA, inB)).toEqual(allowed);
    expect(await connect(inB)).toBe('0');
    rmSync(directory, { recursive: true });
  });
});
