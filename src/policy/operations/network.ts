import type { OperationOf } from '../model/index.js';
import type { Carriers } from './carriers.js';

// net/ipv4/ip_options.c ip_options_compile() and net/ipv6/exthdrs.c take them from anybody.
const SOURCE_ROUTED =
  'Where IP options of the socket or the message name further hops (a source route, IPV6_RTHDR), the address that was given is judged, and not the hops; few networks let such packets through.';

/** What carries the operations on the network. */
export const NETWORK: { readonly [Name in OperationOf<'network'>]: Carriers } = {
  socket: {
    meaning: 'A socket is created: of a family, a type and a protocol.',
    routes: [{ how: 'socket(2), socketpair(2), IORING_OP_SOCKET', hooks: ['socket_create'] }],
    blind: [
      'Sockets of accept(2), and those that the kernel makes for itself, are not created by this.',
      'Received and inherited sockets are there already.',
    ],
  },
  bind: {
    meaning: 'A socket gets an address.',
    routes: [
      { how: 'bind(2)', hooks: ['socket_bind'] },
      { how: 'bind(2) of a unix socket with a path, mknod(2) of a socket', hooks: ['path_mknod'] },
      { how: 'sctp_bindx(3)', hooks: ['sctp_bind_connect'] },
    ],
    blind: ['The port that the kernel chooses when a socket connects or sends unbound is not judged.'],
  },
  listen: {
    meaning: 'A socket begins to listen at its address.',
    routes: [{ how: 'listen(2)', hooks: ['socket_listen'] }],
    blind: ['Of a socket without an address, the port is chosen afterwards: only its family is known.'],
  },
  connect: {
    meaning: 'A socket is connected to an address.',
    routes: [
      { how: 'connect(2), also by io_uring and of MPTCP', hooks: ['socket_connect'] },
      { how: 'sendmsg(2) with MSG_FASTOPEN', hooks: ['socket_sendmsg'] },
      { how: 'connect(2) of a unix socket', hooks: ['unix_stream_connect'] },
      { how: 'connect(2) of a unix datagram socket', hooks: ['unix_may_send'] },
      { how: 'sctp_connectx(3)', hooks: ['sctp_bind_connect'] },
    ],
    blind: [
      SOURCE_ROUTED,
      'Subflows that MPTCP adds to a connection by itself are not judged.',
      'Connections that were there before the policy stay.',
    ],
  },
  accept: {
    meaning: 'A connection is taken from a listening socket; judged by the address at which it listens.',
    routes: [{ how: 'accept(2)', hooks: ['socket_accept'] }],
    blind: ['The hook comes before the connection: the address of the other side is not known yet.'],
  },
  send: {
    meaning: 'Something is sent: to the address given, or to that the socket is connected to.',
    routes: [
      { how: 'sendmsg(2), sendto(2), write(2), also by io_uring', hooks: ['socket_sendmsg'] },
      { how: 'a datagram over a unix socket', hooks: ['unix_may_send'] },
    ],
    blind: [
      SOURCE_ROUTED,
      'What is given with its IP header (IP_HDRINCL), or to a packet socket, goes where that says: both take CAP_NET_RAW.',
      'Before Linux 6.5 sendfile(2) and splice(2) into a socket are not seen.',
      'A thread can connect a socket elsewhere while another sends: deny `connect` as well.',
    ],
  },
};
