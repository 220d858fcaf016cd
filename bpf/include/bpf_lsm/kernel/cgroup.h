// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which cgroup a task is in: task->cgroups->dfl_cgrp, that of cgroup v2. What is above it:
 * self.parent->cgroup. */
#ifndef BPF_LSM_KERNEL_CGROUP_H
#define BPF_LSM_KERNEL_CGROUP_H

#include <linux/types.h>

struct cgroup;

struct kernfs_node {
  __u64 id; /* the cgroup's id, where inode numbers have 64 bits */
} __attribute__((preserve_access_index));

struct cgroup_subsys_state {
  struct cgroup* cgroup;
  struct cgroup_subsys_state* parent; /* NULL for the root */
} __attribute__((preserve_access_index));

struct cgroup {
  struct cgroup_subsys_state self;
  int level; /* 0: the root */
  struct kernfs_node* kn;
  struct cgroup* ancestors[]; /* by their levels, the cgroup itself among them */
} __attribute__((preserve_access_index));

struct css_set {
  struct cgroup* dfl_cgrp;
} __attribute__((preserve_access_index));

#endif
