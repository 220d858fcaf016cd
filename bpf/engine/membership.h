// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The domains of a task, and whether it can be told that it has none. */
#ifndef BPF_LSM_ENGINE_MEMBERSHIP_H
#define BPF_LSM_ENGINE_MEMBERSHIP_H

#include <bpf_lsm/kernel/task.h>
#include <stdbool.h>

#include "maps.h"

/*
 * Before 6.2, kernel/bpf/bpf_task_storage.c bpf_task_storage_get() finds nothing while this is not 0: while a
 * task that was preempted in its midst waits for this processor.
 */
extern const int bpf_task_storage_busy __ksym __weak;

#define LOOKS 3

static __always_inline bool storage_is_busy(void) {
  const int* busy;

  if (!&bpf_task_storage_busy) return false;
  busy = bpf_this_cpu_ptr(&bpf_task_storage_busy);
  return *busy != 0;
}

/* NULL for a task of no domain; and, with `unknown`, where that could not be told. */
static __always_inline struct membership* membership_of(struct task_struct* task, bool* unknown) {
  *unknown = false;
  if (!task->bpf_storage) return NULL;
  for (int look = 0; look < LOOKS; look++) {
    struct membership* found = bpf_task_storage_get(&memberships, task, NULL, 0);

    if (found) return found;
    if (!storage_is_busy()) return NULL;
  }
  *unknown = true;
  return NULL;
}

#endif
