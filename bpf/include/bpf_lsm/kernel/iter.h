// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What iter/ programs get: each thing of a kind once, and NULL at the end. */
#ifndef BPF_LSM_KERNEL_ITER_H
#define BPF_LSM_KERNEL_ITER_H

#include <bpf_lsm/kernel/cgroup.h>
#include <bpf_lsm/kernel/task.h>

struct file;
struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
  __u32 fd;
  struct file* file;
} __attribute__((preserve_access_index));

struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta* meta;
  void* key;
  void* value;
} __attribute__((preserve_access_index));

struct bpf_iter__cgroup {
  struct bpf_iter_meta* meta;
  struct cgroup* cgroup;
} __attribute__((preserve_access_index));

#endif
