// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets, their addresses, and what is sent through them. */
#include <bpf_lsm/kernel/message.h>
#include <bpf_lsm/program.h>

#include "address.h"
#include "unix_socket.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/* include/linux/net.h and include/linux/socket.h, whose user space versions clash with socket_address.h */
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_SEQPACKET 5
#define AF_NETLINK 16
#define MSG_FASTOPEN 0x20000000

#define S_IFMT 00170000
#define S_IFSOCK 0140000

/* include/uapi/linux/sctp.h: what sctp_bind_connect is asked for. */
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_SOCKOPT_CONNECTX_OLD 107
#define SCTP_SOCKOPT_CONNECTX 110
#define SCTP_SOCKOPT_CONNECTX3 111
#define SCTP_SENDMSG_CONNECT 126

static __always_inline struct lsm_verdict verdict(int result) {
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* Functions of their own, so that what they have on the stack is not there with what a walk has. */
static __noinline int result_of(const struct call* call, enum operation operation, __u64 denied) {
  return conclude(call, operation, denied, 0, 0);
}

static __always_inline struct lsm_verdict finish(const struct call* call, enum operation operation,
                                                 __u64 denied) {
  return verdict(result_of(call, operation, denied));
}

/* Rules that say equally much of a socket are equally near. */
static __always_inline void meet_sockets(struct search* search, __u16 family, __u16 type, __u16 protocol) {
  struct socket_key key = {.family = family, .type = type, .protocol = protocol};
  void* inner = bpf_map_lookup_elem(&sockets, &search->slot);
  const struct pair* rules = inner ? bpf_map_lookup_elem(inner, &key) : NULL;

  if (rules) add_pair(&search->self, rules);
}

static __noinline __u64 denied_for_socket(const struct call* call, __u16 family, __u16 type, __u16 protocol) {
  struct search search = new_search(call, OPERATION_SOCKET);
  __u64 policies = search.undecided;

  meet_sockets(&search, family, type, protocol);
  apply(&search, &search.self);
  meet_sockets(&search, family, type, SOCKET_ANY);
  meet_sockets(&search, family, SOCKET_ANY, protocol);
  meet_sockets(&search, SOCKET_ANY, type, protocol);
  apply(&search, &search.self);
  meet_sockets(&search, family, SOCKET_ANY, SOCKET_ANY);
  meet_sockets(&search, SOCKET_ANY, type, SOCKET_ANY);
  meet_sockets(&search, SOCKET_ANY, SOCKET_ANY, protocol);
  return denied_after(&search, call->generation, policies, WALK_AT_TOP);
}

/* Where none is asked for, that which inet_create() takes. Those of other families have other meanings. */
static __always_inline __u16 protocol_of(int family, int type, int protocol) {
  if (family != AF_INET && family != AF_INET6) return SOCKET_UNNAMED;
  if (protocol == 0 && type == SOCK_STREAM) return IPPROTO_TCP;
  if (protocol == 0 && type == SOCK_DGRAM) return IPPROTO_UDP;
  if (protocol == 0 && type == SOCK_SEQPACKET) return IPPROTO_SCTP;
  return protocol >= 0 && protocol < SOCKET_UNNAMED ? protocol : SOCKET_UNNAMED;
}

LSM_PROGRAM(socket_create, judge_socket, int family, int type, int protocol, int by_kernel) {
  struct call call;
  __u64 denied;

  if (by_kernel || !begins(&call, BIT(OPERATION_SOCKET))) return LSM_ALLOW;
  denied = denied_for_socket(&call, family, type, protocol_of(family, type, protocol));
  return finish(&call, OPERATION_SOCKET, denied);
}

/* To a path it is bound by making a file there, which path_mknod is asked about. */
static __always_inline __u64 denied_for_unix_name(const struct call* call, const void* given, int length) {
  char first = 1;

  if (length < BEFORE_NAME) return denied_for_family(call, OPERATION_BIND, FAMILY_OTHER);
  bpf_probe_read_kernel(&first, sizeof(first), given + BEFORE_NAME - 1);
  if (first != 0) return 0;
  return denied_for_name(call, OPERATION_BIND, (__u64)given + BEFORE_NAME, length - BEFORE_NAME);
}

static __noinline __u64 denied_for_bind(const struct call* call, struct sock* sk, const void* given,
                                        int length) {
  struct question question = question_of(call, OPERATION_BIND);

  read_address(&question.address, sk, given, length);
  ask_about_own(&question, sk);
  return question.denied;
}

LSM_PROGRAM(socket_bind, judge_bind, struct socket* socket, const void* given, int length) {
  struct sock* sk = socket->sk;
  struct call call;
  __u64 denied;

  if (!sk || !begins(&call, BIT(OPERATION_BIND))) return LSM_ALLOW;
  denied = sk->__sk_common.skc_family == AF_UNIX ? denied_for_unix_name(&call, given, length)
                                                 : denied_for_bind(&call, sk, given, length);
  return finish(&call, OPERATION_BIND, denied);
}

/* A socket file that mknod(2) makes is judged too, though nobody is at it. */
LSM_PROGRAM(path_mknod, judge_unix_bind, const struct path* directory, struct dentry* dentry,
            unsigned int mode) {
  struct call call;

  if ((mode & S_IFMT) != S_IFSOCK || !begins(&call, BIT(OPERATION_BIND))) return LSM_ALLOW;
  return verdict(judge_at(&call, OPERATION_BIND, dentry, directory->mnt, dentry->d_inode));
}

static __noinline __u64 denied_for_own(const struct call* call, enum operation operation, struct sock* sk) {
  struct question question = question_of(call, operation);

  own_address(&question.address, sk);
  ask_about_own(&question, sk);
  return question.denied;
}

static __always_inline struct lsm_verdict judge_own(enum operation operation, struct socket* socket) {
  struct sock* sk = socket->sk;
  struct call call;
  __u64 denied;

  if (!sk || !begins(&call, BIT(operation))) return LSM_ALLOW;
  denied = sk->__sk_common.skc_family == AF_UNIX ? denied_for_unix(&call, operation, (__u64)sk)
                                                 : denied_for_own(&call, operation, sk);
  return finish(&call, operation, denied);
}

LSM_PROGRAM(socket_listen, judge_listen, struct socket* socket) {
  return judge_own(OPERATION_LISTEN, socket);
}

LSM_PROGRAM(socket_accept, judge_accept, struct socket* socket) {
  return judge_own(OPERATION_ACCEPT, socket);
}

/*
 * unix_may_send is asked by connect(2) and by sendmsg(2), with the same arguments. Whoever comes there has
 * come through one of the two hooks before, which leave word.
 */
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, int);
  __type(value, __u32);
} unix_connects SEC(".maps");

/* Without memory for it there is no connection: it would be judged as something else. */
static __always_inline struct lsm_verdict begin_unix_connect(void) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u32* connects = bpf_task_storage_get(&unix_connects, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

  if (!connects) return LSM_DENY(ENOMEM);
  *connects = 1;
  return LSM_ALLOW;
}

static __always_inline bool end_unix_connect(void) {
  __u32* connects = bpf_task_storage_get(&unix_connects, bpf_get_current_task_btf(), NULL, 0);

  if (!connects || !*connects) return false;
  *connects = 0;
  return true;
}

/* With these, an address without a family ends a connection: inet_dgram_connect(), netlink_connect(). */
static __always_inline bool disconnects(__u16 family, const void* given, int length) {
  __u16 of_address = 1;

  if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK) return false;
  if (length < (int)sizeof(of_address)) return false;
  bpf_probe_read_kernel(&of_address, sizeof(of_address), given);
  return of_address == 0;
}

static __noinline __u64 denied_to(const struct call* call, enum operation operation, struct sock* sk,
                                  const void* given, int length) {
  struct question question = question_of(call, operation);

  read_address(&question.address, sk, given, length);
  ask_about_destination(&question, sk);
  return question.denied;
}

static __noinline __u64 denied_to_peer(const struct call* call, struct sock* sk) {
  struct question question = question_of(call, OPERATION_SEND);

  peer_address(&question.address, sk);
  ask(&question);
  return question.denied;
}

LSM_PROGRAM(socket_connect, judge_connect, struct socket* socket, const void* given, int length) {
  struct sock* sk = socket->sk;
  struct call call;
  __u16 family;

  if (!sk || !begins(&call, BIT(OPERATION_CONNECT) | BIT(OPERATION_SEND))) return LSM_ALLOW;
  family = sk->__sk_common.skc_family;
  if (family == AF_UNIX) return socket->type == SOCK_DGRAM ? begin_unix_connect() : LSM_ALLOW;
  if (disconnects(family, given, length)) return LSM_ALLOW;
  return finish(&call, OPERATION_CONNECT, denied_to(&call, OPERATION_CONNECT, sk, given, length));
}

static __always_inline struct lsm_verdict judge_unix(enum operation operation, __u64 other) {
  struct call call;

  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  return finish(&call, operation, denied_for_unix(&call, operation, other));
}

LSM_PROGRAM(unix_stream_connect, judge_unix_connect, struct sock* sk, struct sock* other) {
  return judge_unix(OPERATION_CONNECT, (__u64)other);
}

LSM_PROGRAM(unix_may_send, judge_unix_datagram, struct socket* socket, struct socket* other) {
  enum operation operation = end_unix_connect() ? OPERATION_CONNECT : OPERATION_SEND;

  return judge_unix(operation, (__u64)other->sk);
}

/*
 * Datagrams are judged where it is known whom they are for: unix_may_send, which is not asked about those of
 * SOCK_SEQPACKET, that go to whom the socket is connected to (net/unix/af_unix.c unix_dgram_sendmsg()).
 */
static __always_inline __u64 denied_to_unix_peer(const struct call* call, struct socket* socket) {
  __u64 peer;

  if (socket->type == SOCK_DGRAM) {
    end_unix_connect();
    return 0;
  }
  peer = (__u64)READ(struct unix_sock, socket->sk, peer);
  /* Not connected yet: another thread may do it meanwhile. */
  if (!peer) return denied_for_family(call, OPERATION_SEND, FAMILY_UNCLEAR_UNIX);
  return denied_for_unix(call, OPERATION_SEND, peer);
}

/* Whether a message goes where the socket is connected to, whatever it says: udpv6_sendmsg(). */
static __always_inline bool goes_to_peer(struct socket* socket, struct sock* sk, const void* named) {
  __u16 of_address = 1;

  if (!named || transport_of(sk) == TRANSPORT_TCP) return true;
  if (sk->__sk_common.skc_family != AF_INET6 || socket->type != SOCK_DGRAM) return false;
  bpf_probe_read_kernel(&of_address, sizeof(of_address), named);
  return of_address == 0;
}

static __noinline int judge_ip_send(const struct call* call, struct socket* socket, struct sock* sk,
                                    struct msghdr* message) {
  const void* named = message->msg_name;
  int length = message->msg_namelen;
  __u64 denied;
  int result;

  if (!named || !(message->msg_flags & MSG_FASTOPEN) || transport_of(sk) != TRANSPORT_TCP) {
    denied = goes_to_peer(socket, sk, named) ? denied_to_peer(call, sk)
                                             : denied_to(call, OPERATION_SEND, sk, named, length);
    return result_of(call, OPERATION_SEND, denied);
  }
  /* A connection with its first message; on one that is there already, some kernels only send. */
  result = result_of(call, OPERATION_CONNECT, denied_to(call, OPERATION_CONNECT, sk, named, length));
  if (result != 0) return result;
  denied = denied_to(call, OPERATION_SEND, sk, named, length);
  if (sk->__sk_common.skc_dport != 0) denied |= denied_to_peer(call, sk);
  return result_of(call, OPERATION_SEND, denied);
}

LSM_PROGRAM(socket_sendmsg, judge_send, struct socket* socket, struct msghdr* message) {
  struct sock* sk = socket->sk;
  struct call call;

  if (!sk || !begins(&call, BIT(OPERATION_SEND) | BIT(OPERATION_CONNECT))) return LSM_ALLOW;
  if (sk->__sk_common.skc_family != AF_UNIX) return verdict(judge_ip_send(&call, socket, sk, message));
  return finish(&call, OPERATION_SEND, denied_to_unix_peer(&call, socket));
}

/* So many addresses are looked at; of more, it is not clear what they are. */
#define SCTP_ADDRESSES 1024

/* Addresses in a row, each as long as its family wants it. */
struct addresses_left {
  struct question question;
  struct sock* sk;
  __u64 at;
  int length;
};

static long judge_next(__u32 index, struct addresses_left* left) {
  __u16 family = 0;
  int size;

  if (left->length < (int)sizeof(family)) return 1;
  bpf_probe_read_kernel(&family, sizeof(family), (void*)left->at);
  read_address(&left->question.address, left->sk, (void*)left->at, left->length);
  if (left->question.operation == OPERATION_BIND)
    ask_about_own(&left->question, left->sk);
  else
    ask_about_destination(&left->question, left->sk);
  /* sizeof(struct sockaddr_in6) and sizeof(struct sockaddr_in); others are none of SCTP's. */
  size = family == AF_INET6 ? 28 : 16;
  left->at += size;
  left->length -= size;
  return 0;
}

static __noinline __u64 denied_for_all(const struct call* call, enum operation operation, struct sock* sk,
                                       const void* given, int length) {
  struct addresses_left left = {.sk = sk, .length = length};

  /* Read as memory it is a number, of which the verifier does not follow what it becomes. */
  bpf_probe_read_kernel(&left.at, sizeof(left.at), (void*)&given);
  left.question = question_of(call, operation);
  bpf_loop(SCTP_ADDRESSES, judge_next, &left, 0);
  if (left.length <= 0) return left.question.denied;
  left.question.address.family = FAMILY_UNCLEAR_IP;
  ask(&left.question);
  return left.question.denied;
}

/* Also asked for what comes over the network, in whatever task: with other options. */
LSM_PROGRAM(sctp_bind_connect, judge_sctp, struct sock* sk, int option, const void* given, int length) {
  enum operation operation = option == SCTP_SOCKOPT_BINDX_ADD ? OPERATION_BIND : OPERATION_CONNECT;
  struct call call;

  if (option != SCTP_SOCKOPT_BINDX_ADD && option != SCTP_SOCKOPT_CONNECTX_OLD &&
      option != SCTP_SOCKOPT_CONNECTX && option != SCTP_SOCKOPT_CONNECTX3 && option != SCTP_SENDMSG_CONNECT)
    return LSM_ALLOW;
  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  return finish(&call, operation, denied_for_all(&call, operation, sk, given, length));
}
