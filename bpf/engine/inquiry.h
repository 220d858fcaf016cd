// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asking what policies say of an object whose parts are numbers, where speed does not matter. */
#ifndef BPF_LSM_ENGINE_INQUIRY_H
#define BPF_LSM_ENGINE_INQUIRY_H

#include "properties.h"

static __always_inline struct search new_search(const struct call* call, enum operation operation) {
  return (struct search){
      .undecided = call->policies & call->generation->operations[operation % OPERATIONS].relevant,
      .slot = call->slot,
      .place = {.operation = operation},
      .typed = call->generation->operations[operation % OPERATIONS].types != 0,
  };
}

/* The policies that deny in the end, of those that were undecided in the beginning. */
static __always_inline __u64 denied_after(struct search* search, const struct generation* generation,
                                          __u64 policies, enum walk_end end) {
  const struct operation_words* words = &generation->operations[search->place.operation % OPERATIONS];

  apply_all(search);
  if (search->typed && search->dentry != 0) leave_file_system(search);
  if (end == WALK_LOST && search->undecided & words->located) {
    struct control* control = the_control();

    if (control) count_one(&control->lost);
    search->allowed |= search->undecided & words->located & generation->lenient;
    search->undecided &= ~words->located;
  }
  search->allowed |= search->undecided & words->defaults;
  return policies & ~search->allowed;
}

/* What denied_at() is asked, in numbers. */
struct inquiry {
  __u64 policies;
  __u64 dentry;
  __u64 mount;
  __u64 inode;
  __u64 inode_at; /* its address; 0: there is none */
  __u64 denied;
  __u32 slot;
  __u32 device;
  enum operation operation;
  int result; /* for who asks, to keep what follows from it */
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
  call.policies = search.undecided;
  if (call.policies == 0) return 0;
  if (call.policies & call.generation->operations[inquiry->operation % OPERATIONS].facts) {
    search.child = inquiry->dentry;
    search.place.inode = inquiry->inode_at;
    meet_facts(&search);
  }
  if (call.policies & call.generation->operations[inquiry->operation % OPERATIONS].located)
    end = walk_on(&search, inquiry->dentry, inquiry->mount, inquiry->device, inquiry->inode);
  inquiry->denied = denied_after(&search, call.generation, call.policies, end);
  return 0;
}

#endif
