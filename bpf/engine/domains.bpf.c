// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A new task is in the domains of the one that makes it: a process, a thread, or a worker of io_uring. */
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

#include "membership.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

LSM_PROGRAM(task_alloc, inherit_domains, struct task_struct* child) {
  bool unknown;
  struct membership* own = membership_of(bpf_get_current_task_btf(), &unknown);
  struct membership copy;

  /* As fork(2) fails when it may work if it is tried again. */
  if (unknown) return LSM_DENY(EAGAIN);
  if (!own) return LSM_ALLOW;
  copy = *own;
  /* Without memory for it there is no child: it would be free of what its parent is held to. */
  if (!bpf_task_storage_get(&memberships, child, &copy, BPF_LOCAL_STORAGE_GET_F_CREATE))
    return LSM_DENY(ENOMEM);
  return LSM_ALLOW;
}
