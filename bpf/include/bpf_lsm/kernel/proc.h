// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The process file system, and the numbers of processes. */
#ifndef BPF_LSM_KERNEL_PROC_H
#define BPF_LSM_KERNEL_PROC_H

#include <bpf_lsm/kernel/inode.h>
#include <bpf_lsm/kernel/task.h>

/* s_magic of the process file system (include/uapi/linux/magic.h). */
#define PROC_SUPER_MAGIC 0x9fa0

struct upid {
  int nr;
} __attribute__((preserve_access_index));

enum { PIDTYPE_PID };

struct pid {
  struct hlist_head tasks[1]; /* [PIDTYPE_PID]: the one task with this number, linked by its pid_links */
  struct upid numbers[1];     /* [0]: in the initial pid namespace */
} __attribute__((preserve_access_index));

/* What stands around the inode of every file in /proc. */
struct proc_inode {
  struct pid* pid; /* NULL: the file is not one of a process */
  struct inode vfs_inode;
} __attribute__((preserve_access_index));

#endif
