// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that is about to be executed. */
#ifndef BPF_LSM_KERNEL_BINPRM_H
#define BPF_LSM_KERNEL_BINPRM_H

struct linux_binprm {
  const char* filename;
} __attribute__((preserve_access_index));

#endif
