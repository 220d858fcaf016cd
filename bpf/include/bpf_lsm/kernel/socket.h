// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket as processes have it, and the network's side of it. */
#ifndef BPF_LSM_KERNEL_SOCKET_H
#define BPF_LSM_KERNEL_SOCKET_H

#include <linux/types.h>

struct cgroup;

struct sock_cgroup_data {
  struct cgroup* cgroup; /* the one it was made in, of cgroup v2: kernel/cgroup.h */
} __attribute__((preserve_access_index));

struct sock_common {
  __u16 skc_family;
} __attribute__((preserve_access_index));

struct sock {
  struct sock_common __sk_common;
  struct sock_cgroup_data sk_cgrp_data;
} __attribute__((preserve_access_index));

struct socket {
  struct sock* sk;
} __attribute__((preserve_access_index));

#endif
