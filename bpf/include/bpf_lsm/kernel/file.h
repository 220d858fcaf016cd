// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An open file. */
#ifndef BPF_LSM_KERNEL_FILE_H
#define BPF_LSM_KERNEL_FILE_H

struct file {
  unsigned int f_flags;
} __attribute__((preserve_access_index));

#endif
