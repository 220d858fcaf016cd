// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket as processes have it, and the network's side of it. */
#ifndef BPF_LSM_KERNEL_SOCKET_H
#define BPF_LSM_KERNEL_SOCKET_H

struct sock;

struct socket {
  struct sock* sk;
} __attribute__((preserve_access_index));

#endif
