// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which cgroup a task is in: task->cgroups->dfl_cgrp, that of cgroup v2. */
#ifndef BPF_LSM_KERNEL_CGROUP_H
#define BPF_LSM_KERNEL_CGROUP_H

struct cgroup;

struct css_set {
  struct cgroup* dfl_cgrp;
} __attribute__((preserve_access_index));

#endif
