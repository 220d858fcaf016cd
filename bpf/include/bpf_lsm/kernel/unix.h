// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unix sockets (include/net/af_unix.h): a struct sock is the first thing in each. */
#ifndef BPF_LSM_KERNEL_UNIX_H
#define BPF_LSM_KERNEL_UNIX_H

#include <bpf_lsm/kernel/dentry.h>
#include <bpf_lsm/kernel/socket.h>

struct sockaddr_un {
  __u16 sun_family;
  char sun_path[108];
} __attribute__((preserve_access_index));

struct unix_address {
  int len; /* of the name, with sun_family */
  struct sockaddr_un name[];
} __attribute__((preserve_access_index));

struct unix_sock {
  struct unix_address* addr; /* NULL: it has no name */
  struct path path;          /* where it was bound, if it was to a path */
  struct sock* peer;
} __attribute__((preserve_access_index));

#endif
