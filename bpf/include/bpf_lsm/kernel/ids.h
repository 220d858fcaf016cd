// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef BPF_LSM_KERNEL_IDS_H
#define BPF_LSM_KERNEL_IDS_H

#include <linux/types.h>

typedef struct {
  __u32 val;
} __attribute__((preserve_access_index)) kuid_t;

typedef struct {
  __u32 val;
} __attribute__((preserve_access_index)) kgid_t;

#endif
