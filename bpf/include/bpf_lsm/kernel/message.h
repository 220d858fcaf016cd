// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is sent through sockets. */
#ifndef BPF_LSM_KERNEL_MESSAGE_H
#define BPF_LSM_KERNEL_MESSAGE_H

/* Its address is a copy in the kernel's memory. */
struct msghdr {
  void* msg_name;
  int msg_namelen;
  unsigned int msg_flags;
} __attribute__((preserve_access_index));

#endif
