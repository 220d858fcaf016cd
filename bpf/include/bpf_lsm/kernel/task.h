// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tasks. For the current one: bpf_get_current_task_btf(). */
#ifndef BPF_LSM_KERNEL_TASK_H
#define BPF_LSM_KERNEL_TASK_H

#include <linux/types.h>

#define TASK_COMM_LEN 16

struct task_struct {
  __kernel_pid_t pid, tgid;
  struct task_struct* real_parent;
  char comm[TASK_COMM_LEN];
} __attribute__((preserve_access_index));

#endif
