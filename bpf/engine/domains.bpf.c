// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A new task is in the domains of the one that makes it: a process, a thread, or a worker of io_uring. */
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

#include "maps.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

LSM_PROGRAM(task_alloc, inherit_domains, struct task_struct* child) {
  struct membership* own = bpf_task_storage_get(&memberships, bpf_get_current_task_btf(), NULL, 0);
  struct membership copy;

  if (!own) return LSM_ALLOW;
  copy = *own;
  /* Without memory for it there is no child: it would be free of what its parent is held to. */
  if (!bpf_task_storage_get(&memberships, child, &copy, BPF_LOCAL_STORAGE_GET_F_CREATE))
    return LSM_DENY(ENOMEM);
  return LSM_ALLOW;
}
