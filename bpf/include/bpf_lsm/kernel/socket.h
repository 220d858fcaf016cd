// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket as processes have it, and the network's side of it. */
#ifndef BPF_LSM_KERNEL_SOCKET_H
#define BPF_LSM_KERNEL_SOCKET_H

#include <linux/types.h>

struct cgroup;

struct sock_cgroup_data {
  struct cgroup* cgroup; /* the one it was made in, of cgroup v2: kernel/cgroup.h */
} __attribute__((preserve_access_index));

struct in6_addr {
  union {
    __be32 u6_addr32[4];
  } in6_u;
} __attribute__((preserve_access_index));

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num; /* its own port, as people write it */
  __u16 skc_family;
  unsigned char skc_ipv6only : 1;
  /* Only of kernels with IPv6. */
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
} __attribute__((preserve_access_index));

struct sock {
  struct sock_common __sk_common;
  __u16 sk_protocol;
  struct sock_cgroup_data sk_cgrp_data;
} __attribute__((preserve_access_index));

struct socket {
  short type;
  struct sock* sk;
} __attribute__((preserve_access_index));

#endif
