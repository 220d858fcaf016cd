// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef BPF_LSM_KERNEL_IO_URING_H
#define BPF_LSM_KERNEL_IO_URING_H

struct file;

struct io_uring_cmd {
  struct file* file;
} __attribute__((preserve_access_index));

#endif
