import type { SocketUser } from './socket-user.js';

/** Where other processes listen: a UDP port and two paths. */
export interface Peers {
  port: number;
  stream: string;
  datagram: string;
}

/** Makes the kernel call a hook of LSMs: `0`, or the name of the errno. */
export type Use = (user: SocketUser, peers: Peers) => Promise<string>;

/** Does a call on a UDP socket that is connected. */
const connected =
  (call: string): Use =>
  async (user, { port }) => {
    const socket = await made(user, 'udp');
    await user.ask('connect', socket, port);
    const answer = await user.ask(call, socket);
    await user.ask('close', socket);
    return answer === String(port) ? '0' : answer;
  };

const create: Use = async (user) => {
  const socket = await user.socket('udp');
  if (typeof socket === 'string') return socket;
  return user.ask('close', socket);
};

const accept: Use = async (user) => {
  const socket = await made(user, 'tcp');
  await user.ask('listen', socket);
  const answer = await user.ask('accept', socket, 63);
  await user.ask('close', socket);
  // Nobody has called, which is found out after the hook was asked.
  return answer === 'EAGAIN' ? '0' : answer;
};

const receive: Use = async (user) => {
  const socket = await toItself(user);
  await user.ask('send', socket, 'text');
  const answer = await user.ask('recv', socket);
  await user.ask('close', socket);
  return answer === 'text' ? '0' : answer;
};

/** What makes the kernel call each of the hooks, but for the two that deny nothing at once. */
export const USES: Readonly<Record<string, Use>> = {
  unix_stream_connect: (user, { stream }) => user.once('stream', 'connect', stream),
  unix_may_send: (user, { datagram }) => user.once('datagram', 'sendto', datagram, 'text'),
  socket_create: create,
  socket_post_create: create,
  socket_bind: (user) => user.once('tcp', 'bind', 0),
  socket_connect: (user, { port }) => user.once('udp', 'connect', port),
  socket_listen: (user) => user.once('tcp', 'listen'),
  socket_accept: accept,
  socket_sendmsg: (user, { port }) => user.once('udp', 'sendto', port, 'text'),
  socket_recvmsg: receive,
  socket_getsockname: (user) => user.once('udp', 'port'),
  socket_getpeername: connected('peer'),
  socket_getsockopt: (user) => user.once('udp', 'getsockopt'),
  socket_setsockopt: (user) => user.once('udp', 'setsockopt'),
  socket_shutdown: connected('shutdown'),
};

/** A UDP socket that sends to itself. */
export async function toItself(user: SocketUser): Promise<number> {
  const socket = await made(user, 'udp');
  await user.ask('bind', socket, 0);
  await user.ask('connect', socket, await user.ask('port', socket));
  return socket;
}

async function made(user: SocketUser, kind: 'tcp' | 'udp'): Promise<number> {
  const socket = await user.socket(kind);
  if (typeof socket === 'string') throw new Error(`socket(2): ${socket}`);
  return socket;
}
