// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From what the policies say to what the kernel is told. */
#ifndef BPF_LSM_ENGINE_JUDGE_H
#define BPF_LSM_ENGINE_JUDGE_H

#include "conditions.h"

struct denial {
  __u64 policies;
  __u64 enforced;
  __u64 inode;
  __u32 device;
  __u32 operation;
  __u32 slot;
  __u32 number;
  __s32 result;
};

/* Counts and reports a denial; nothing depends on whether that succeeds. */
__noinline int report(const struct denial* denial) {
  struct decision* decision;
  __u64 pid_tgid = bpf_get_current_pid_tgid();
  void* counters;
  __u32 slot;

  if (!denial) return 0;
  slot = denial->slot;
  counters = bpf_map_lookup_elem(&denials, &slot);
  for (__u32 policy = 0; counters && policy < POLICIES; policy++) {
    __u32 index = policy * OPERATIONS + denial->operation % OPERATIONS;
    __u64* counter;

    if (!((denial->policies >> policy) & 1)) continue;
    counter = bpf_map_lookup_elem(counters, &index);
    if (counter) count_one(counter);
  }
  decision = event_reserve_or_count(&decisions, &decisions_dropped, sizeof(*decision));
  if (!decision) return 0;
  decision->time_ns = bpf_ktime_get_boot_ns();
  decision->denied = denial->policies;
  decision->enforced = denial->enforced;
  decision->cgroup = bpf_get_current_cgroup_id();
  decision->inode = denial->inode;
  decision->device = denial->device;
  decision->operation = denial->operation;
  decision->generation = denial->number;
  decision->pid = pid_tgid >> 32;
  decision->tid = (__u32)pid_tgid;
  decision->uid = (__u32)bpf_get_current_uid_gid();
  decision->result = denial->result;
  bpf_get_current_comm(decision->comm, sizeof(decision->comm));
  event_submit(decision);
  return 0;
}

/* Not where it is called: the memory that it takes is not there while objects are followed to the top. */
static __noinline int deny(const struct call* call, enum operation operation, __u64 denied, __u32 device,
                           __u64 inode) {
  const struct generation* generation = call->generation;
  struct denial denial = {
      .policies = denied,
      .enforced = denied & generation->enforced,
      .inode = inode,
      .device = device,
      .operation = operation,
      .slot = call->slot,
      .number = generation->number,
  };

  if (denial.enforced != 0) denial.result = denial.enforced & ~generation->eperm ? -EACCES : -EPERM;
  report(&denial);
  return denial.result;
}

/* What becomes of an operation that these policies deny: 0, or a negative errno. */
static __always_inline int conclude(const struct call* call, enum operation operation, __u64 denied,
                                    __u32 device, __u64 inode) {
  return denied == 0 ? 0 : deny(call, operation, denied, device, inode);
}

#endif
