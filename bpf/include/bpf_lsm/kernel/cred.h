// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ids of a task, as the initial user namespace has them. */
#ifndef BPF_LSM_KERNEL_CRED_H
#define BPF_LSM_KERNEL_CRED_H

#include <bpf_lsm/kernel/ids.h>

struct cred {
  kuid_t uid;
  kgid_t gid;
  kuid_t euid;
  kgid_t egid;
} __attribute__((preserve_access_index));

#endif
