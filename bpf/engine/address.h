// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * IP addresses of sockets. One that cannot be told is not one without rules: whatever rule could deny it
 * does.
 */
#ifndef BPF_LSM_ENGINE_ADDRESS_H
#define BPF_LSM_ENGINE_ADDRESS_H

#include <bpf_lsm/kernel/socket.h>
#include <bpf_lsm/socket_address.h>

#include <bpf/bpf_core_read.h>

#include "object.h"

#define AF_RDS 21
#define AF_SMC 43

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_SCTP 132
#define IPPROTO_SMC 256
#define IPPROTO_MPTCP 262

struct ip_address {
  __u8 family;
  __u8 transport;
  __be16 port;
  __be32 words[4];
};

/* Families whose sockets are given IP addresses. */
static __always_inline bool takes_ip(__u16 family) {
  return family == AF_INET || family == AF_INET6 || family == AF_SMC || family == AF_RDS;
}

/* What TCP connections become between machines that both know it: net/smc/af_smc.c, and since 6.11
 * net/smc/smc_inet.c. */
static __always_inline bool is_smc(struct sock* sk) {
  return sk->__sk_common.skc_family == AF_SMC || sk->sk_protocol == IPPROTO_SMC;
}

static __always_inline enum transport transport_of(struct sock* sk) {
  __u16 family = sk->__sk_common.skc_family;
  __u16 protocol = sk->sk_protocol;

  if (is_smc(sk)) return TRANSPORT_TCP;
  if (family != AF_INET && family != AF_INET6) return TRANSPORT_OTHER;
  if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP) return TRANSPORT_TCP;
  return protocol == IPPROTO_UDP ? TRANSPORT_UDP : TRANSPORT_OTHER;
}

static __always_inline void set_ipv4(struct ip_address* address, __be32 ipv4) {
  address->family = FAMILY_IPV4;
  address->words[0] = ipv4;
  address->words[1] = address->words[2] = address->words[3] = 0;
}

/* An IPv4 address in IPv6 clothes is one. */
static __always_inline bool is_mapped(const __be32 words[4]) {
  return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline void undress(struct ip_address* address) {
  address->family = FAMILY_IPV6;
  if (is_mapped(address->words)) set_ipv4(address, address->words[3]);
}

static __always_inline bool is_any(const struct ip_address* address) {
  if (address->family != FAMILY_IPV4 && address->family != FAMILY_IPV6) return false;
  return (address->words[0] | address->words[1] | address->words[2] | address->words[3]) == 0;
}

/*
 * An address that a process gave, as the kernel copied it. Without a family it is of the socket's: so
 * inet_bind(), udp_sendmsg(), raw_sendmsg() and rawv6_sendmsg() take it.
 */
static __always_inline void read_address(struct ip_address* to, struct sock* sk, const void* from,
                                         int length) {
  __u16 family = sk->__sk_common.skc_family;
  struct socket_address_ipv4 ipv4;
  struct socket_address_ipv6 ipv6;

  *to = (struct ip_address){.family = FAMILY_OTHER, .transport = transport_of(sk)};
  if (!takes_ip(family)) return;
  to->family = FAMILY_UNCLEAR_IP;
  if (length < (int)sizeof(ipv4) || bpf_probe_read_kernel(&ipv4, sizeof(ipv4), from)) return;
  to->port = ipv4.port;
  if (ipv4.family != 0) family = ipv4.family;
  if (family == AF_INET) set_ipv4(to, ipv4.address);
  if (family != AF_INET6 || length < (int)sizeof(ipv6)) return;
  if (bpf_probe_read_kernel(&ipv6, sizeof(ipv6), from)) return;
  for (int i = 0; i < 4; i++) to->words[i] = ipv6.address[i];
  undress(to);
}

static __always_inline void read_ipv6(struct ip_address* to, const struct in6_addr* from) {
  for (int i = 0; i < 4; i++) to->words[i] = from->in6_u.u6_addr32[i];
  undress(to);
}

/* SMC and RDS have their addresses elsewhere, and SCTP has several. */
static __always_inline bool is_plain_ip(struct sock* sk) {
  __u16 family = sk->__sk_common.skc_family;

  return (family == AF_INET || family == AF_INET6) && sk->sk_protocol != IPPROTO_SCTP && !is_smc(sk);
}

static __always_inline void own_address(struct ip_address* to, struct sock* sk) {
  struct sock_common* common = &sk->__sk_common;

  *to = (struct ip_address){.family = FAMILY_UNCLEAR_IP, .transport = transport_of(sk)};
  if (!takes_ip(common->skc_family)) to->family = FAMILY_OTHER;
  if (!is_plain_ip(sk)) return;
  to->port = bpf_htons(common->skc_num);
  if (common->skc_family == AF_INET) {
    set_ipv4(to, common->skc_rcv_saddr);
  } else if (bpf_core_field_exists(common->skc_v6_rcv_saddr)) {
    read_ipv6(to, &common->skc_v6_rcv_saddr);
  }
}

/* Of a socket that is not connected it is unclear: another thread may connect it meanwhile. */
static __always_inline void peer_address(struct ip_address* to, struct sock* sk) {
  struct sock_common* common = &sk->__sk_common;

  *to = (struct ip_address){.family = FAMILY_UNCLEAR_IP, .transport = transport_of(sk)};
  if (!takes_ip(common->skc_family)) to->family = FAMILY_OTHER;
  if (!is_plain_ip(sk)) return;
  to->port = common->skc_dport;
  if (common->skc_family == AF_INET) {
    set_ipv4(to, common->skc_daddr);
  } else if (bpf_core_field_exists(common->skc_v6_daddr)) {
    read_ipv6(to, &common->skc_v6_daddr);
  }
  if (is_any(to)) to->family = FAMILY_UNCLEAR_IP;
}

/* Whether a socket at :: gets what comes over IPv4, too: then it is at 0.0.0.0 as well. */
static __always_inline bool is_at_ipv4_too(struct ip_address* address, struct sock* sk) {
  struct sock_common* common = &sk->__sk_common;

  if (address->family != FAMILY_IPV6 || !is_any(address)) return false;
  if (BPF_CORE_READ_BITFIELD(common, skc_ipv6only)) return false;
  set_ipv4(address, 0);
  return true;
}

/*
 * What 0.0.0.0 and :: lead to: the socket's own address, or loopback (ip_route_output_key_hash_rcu(),
 * tcp_v6_connect(), __ip6_datagram_connect() and udpv6_sendmsg()).
 */
static __always_inline bool leads_elsewhere(struct ip_address* address, struct sock* sk) {
  struct sock_common* common = &sk->__sk_common;

  if (!is_any(address)) return false;
  if (address->family == FAMILY_IPV4) {
    __be32 own = common->skc_rcv_saddr;

    set_ipv4(address, own ? own : bpf_htonl(0x7f000001));
    return true;
  }
  address->words[3] = bpf_htonl(1);
  if (bpf_core_field_exists(common->skc_v6_rcv_saddr)) {
    struct ip_address own = {};

    read_ipv6(&own, &common->skc_v6_rcv_saddr);
    if (own.family == FAMILY_IPV4) set_ipv4(address, bpf_htonl(0x7f000001));
  }
  return true;
}

/* What is asked about an address, in numbers. */
struct question {
  __u64 policies;
  __u64 denied;
  __u32 slot;
  enum operation operation;
  struct ip_address address;
};

static __always_inline struct question question_of(const struct call* call, enum operation operation) {
  return (struct question){
      .policies = call->policies,
      .slot = call->slot,
      .operation = operation,
  };
}

/* The rules that are nearest to an address, policy by policy. */
static __always_inline const struct pair* rules_for(__u32 slot, enum operation operation,
                                                    const struct ip_address* address) {
  struct address_key key = {
      .prefixlen = 8 * (sizeof(key) - sizeof(key.prefixlen)),
      .operation = operation,
      .family = address->family,
  };
  struct port_key port = {
      .prefixlen = 8 * (sizeof(port) - sizeof(port.prefixlen)),
      .transport = address->transport,
      .port = address->port,
  };
  void* inner = bpf_map_lookup_elem(&addresses, &slot);
  const __u32* set;

  for (int i = 0; i < 4; i++) key.address[i] = address->words[i];
  set = inner ? bpf_map_lookup_elem(inner, &key) : NULL;
  if (!set) return NULL;
  port.set = *set;
  inner = bpf_map_lookup_elem(&ports, &slot);
  return inner ? bpf_map_lookup_elem(inner, &port) : NULL;
}

/*
 * Adds the policies that deny the operation on this address. A function of its own for the verifier, which
 * checks it once, and not for each way to each address.
 */
__noinline int ask(struct question* question) {
  struct call call = {};
  struct search search;
  const struct pair* rules;

  if (!question) return 0;
  call.slot = question->slot;
  call.policies = question->policies;
  call.generation = generation_in(call.slot);
  if (!call.generation) return 0;
  search = new_search(&call, question->operation);
  call.policies = search.undecided;
  if (call.policies == 0) return 0;
  rules = rules_for(call.slot, question->operation, &question->address);
  if (rules) search.self = *rules;
  question->denied |= denied_after(&search, call.generation, call.policies, WALK_AT_TOP);
  return 0;
}

static __always_inline void ask_about_destination(struct question* question, struct sock* sk) {
  ask(question);
  if (leads_elsewhere(&question->address, sk)) ask(question);
}

static __always_inline void ask_about_own(struct question* question, struct sock* sk) {
  ask(question);
  if (is_at_ipv4_too(&question->address, sk)) ask(question);
}

static __noinline __u64 denied_for_family(const struct call* call, enum operation operation, __u8 family) {
  struct question question = question_of(call, operation);

  question.address.family = family;
  ask(&question);
  return question.denied;
}

#endif
