// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who a task is, and what it may do. Its own is task->real_cred. */
#ifndef BPF_LSM_KERNEL_CRED_H
#define BPF_LSM_KERNEL_CRED_H

#include <linux/types.h>

/* As the initial user namespace has them. */
typedef struct {
  __kernel_uid32_t val;
} __attribute__((preserve_access_index)) kuid_t;

struct cred {
  kuid_t uid;
} __attribute__((preserve_access_index));

#endif
