// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tasks. For the current one: bpf_get_current_task_btf(). */
#ifndef BPF_LSM_KERNEL_TASK_H
#define BPF_LSM_KERNEL_TASK_H

#include <bpf_lsm/kernel/list.h>
#include <linux/types.h>

#define TASK_COMM_LEN 16

struct bpf_local_storage;
struct cred;
struct css_set;
struct mm_struct;

struct task_struct {
  __kernel_pid_t pid, tgid;
  struct task_struct* real_parent;
  struct task_struct* group_leader;
  __u64 start_boottime;         /* in nanoseconds */
  __u64 self_exec_id;           /* another one after each execve(2) */
  const struct cred* real_cred; /* kernel/cred.h: what it is, whatever it acts as for a moment */
  char comm[TASK_COMM_LEN];
  struct css_set* cgroups; /* kernel/cgroup.h */
  struct mm_struct* mm;    /* NULL: a kernel thread, or one that has ended */
  struct hlist_node pid_links[1];
  struct bpf_local_storage* bpf_storage; /* NULL: no value of any task storage */
} __attribute__((preserve_access_index));

#endif
