// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Judging operations whose object is no file: nothing at all, or what the kernel has a number or a name for.
 */
#ifndef BPF_LSM_ENGINE_FACT_H
#define BPF_LSM_ENGINE_FACT_H

#include "object.h"

static __always_inline struct pair said_of(const struct search* search, enum fact_kind kind, __u64 value) {
  struct fact_key key = {.value = value, .operation = search->place.operation, .kind = kind};
  __u32 slot = search->slot;
  void* inner = bpf_map_lookup_elem(&facts, &slot);
  const struct pair* pair = inner ? bpf_map_lookup_elem(inner, &key) : NULL;

  return pair ? *pair : (struct pair){};
}

static __always_inline void meet_fact(struct search* search, enum fact_kind kind, __u64 value) {
  struct pair pair = said_of(search, kind, value);

  add_pair(&search->self, &pair);
}

/* Whether a policy has rules about objects of the operation. */
static __always_inline bool is_about_objects(const struct call* call, const struct search* search) {
  const struct generation* generation = call->generation;

  return search->undecided & generation->operations[search->place.operation % OPERATIONS].specific;
}

/* What follows from what was met: 0, or a negative errno. */
static __always_inline int judge_met(const struct call* call, struct search* search, __u64 policies,
                                     __u32 device, __u64 inode) {
  return conclude(call, search->place.operation,
                  denied_after(search, call->generation, policies, WALK_AT_TOP), device, inode);
}

/* An operation that has no objects. As the next, a function of its own: what it has on the stack is not there
 * while a program finds out whom it judges. */
static __noinline __attribute__((unused)) int judge_plainly(const struct call* call, enum operation operation,
                                                            __u32 device, __u64 inode) {
  struct search search = new_search(call, operation);

  return judge_met(call, &search, search.undecided, device, inode);
}

static __noinline __attribute__((unused)) int judge_fact(const struct call* call, enum operation operation,
                                                         enum fact_kind kind, __u64 value) {
  struct search search = new_search(call, operation);
  __u64 policies = search.undecided;

  if (is_about_objects(call, &search)) meet_fact(&search, kind, value);
  return judge_met(call, &search, policies, 0, 0);
}

/* The whole of a program for an operation that has no objects. */
static __always_inline struct lsm_verdict judge_nothing(enum operation operation) {
  struct call call;
  int result;

  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  result = judge_plainly(&call, operation, 0, 0);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

#endif
