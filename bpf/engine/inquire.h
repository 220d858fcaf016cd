// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Judging what is at a place of which only numbers are left: pointers that the verifier does not follow. */
#ifndef BPF_LSM_ENGINE_INQUIRE_H
#define BPF_LSM_ENGINE_INQUIRE_H

#include "object.h"

/* What denied_at() is asked, in numbers. */
struct inquiry {
  __u64 policies;
  __u64 dentry;
  __u64 mount;
  __u64 inode;
  __u64 denied;
  __u64 denied_before;
  __u32 slot;
  __u32 device;
  __u32 depth; /* 0 */
  enum operation operation;
};

/*
 * Answers as denied_at() does. A function of its own for the verifier, which checks it once, and not for each
 * kind of step: slower, for what is seldom done.
 */
__noinline int inquire(struct inquiry* inquiry) {
  struct call call = {};
  struct search search;
  enum walk_end end = WALK_AT_TOP;

  if (!inquiry) return 0;
  inquiry->denied = 0;
  call.slot = inquiry->slot;
  call.policies = inquiry->policies;
  call.generation = generation_in(call.slot);
  if (!call.generation) return 0;
  search = new_search(&call, inquiry->operation);
  search.depth = inquiry->depth;
  call.policies = search.undecided;
  if (call.policies == 0) return 0;
  if (call.policies & call.generation->operations[inquiry->operation % OPERATIONS].located)
    end = walk_on(&search, call.generation, inquiry->dentry, inquiry->mount, inquiry->device, inquiry->inode);
  inquiry->denied = denied_after(&search, call.generation, call.policies, end);
  return 0;
}

#endif
