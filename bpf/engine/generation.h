// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which generation decides, and which of its policies the current task is in the scope of. */
#ifndef BPF_LSM_ENGINE_GENERATION_H
#define BPF_LSM_ENGINE_GENERATION_H

#include <bpf_lsm/counter.h>
#include <bpf_lsm/kernel/task.h>
#include <stdbool.h>

#include "maps.h"
#include "membership.h"
#include "operations.h"

static __always_inline struct control* the_control(void) {
  __u32 only = 0;

  return bpf_map_lookup_elem(&control, &only);
}

/*
 * The generation that decides: read once for a call, so that a switch in its midst changes nothing. User
 * space puts other maps into a slot only after a grace period in which no state led to it
 * (maybe_wait_bpf_programs in kernel/bpf/syscall.c waits for one), and all programs here run in one.
 */
static __always_inline const struct candidate* deciding(const struct control* control) {
  const struct state* state = &control->states[*(volatile __u32*)&control->current % STATES];
  __u64 deadline = state->deadline_ns;

  if (deadline != 0 && bpf_ktime_get_boot_ns() >= deadline) return &state->fallback;
  return &state->active;
}

static __always_inline struct generation* generation_in(__u32 slot) {
  void* inner = bpf_map_lookup_elem(&generations, &slot);
  __u32 only = 0;

  return inner ? bpf_map_lookup_elem(inner, &only) : NULL;
}

/* A call that is to be judged. */
struct call {
  struct generation* generation;
  __u64 policies; /* in whose scope the current task is */
  __u32 slot;
  __u32 zero; /* which the verifier does not know */
};

static __always_inline __u64 policies_for(__u32 slot, enum scope_kind kind, __u64 id) {
  struct scope_key key = {.id = id, .kind = kind};
  void* inner = bpf_map_lookup_elem(&scopes, &slot);
  __u64* word = inner ? bpf_map_lookup_elem(inner, &key) : NULL;

  return word ? *word : 0;
}

/* Bounded by the levels that a scope can be at; deeper cgroups have all their ancestors above. */
static __noinline __u64 policies_of_cgroup(__u32 slot, __u32 levels) {
  __u64 policies = 0;

  for (__u32 level = 0; level < 32; level++) {
    __u64 id;

    if (levels >> level == 0) break;
    if (!((levels >> level) & 1)) continue;
    id = bpf_get_current_ancestor_cgroup_id(level);
    if (id == 0) break;
    policies |= policies_for(slot, SCOPE_CGROUP, id);
  }
  return policies;
}

/* Only the task itself comes here, so nobody else writes what it remembers. A task of which it cannot be told
 * is held to the policies of all domains. */
static __noinline __u64 policies_of_domains(__u32 slot, __u32 number, __u64 of_all) {
  bool unknown;
  struct membership* membership = membership_of(bpf_get_current_task_btf(), &unknown);
  __u64 policies = 0;

  if (!membership) return unknown ? of_all : 0;
  if (membership->number == number) return membership->word;
  for (__u32 i = 0; i < DOMAINS; i++) {
    if (i >= membership->count) break;
    policies |= policies_for(slot, SCOPE_DOMAIN, membership->domains[i]);
  }
  membership->word = policies;
  membership->number = number;
  return policies;
}

/* Those of the policies whose conditions the current task meets: conditions.h. */
static __u64 policies_that_govern(const struct generation* generation, __u32 slot, __u64 policies);

#define BIT(operation) (1ULL << (operation))

/* Whether policies are to judge a call that is one or several of these operations: most calls end here. */
static __always_inline bool begins(struct call* call, __u64 operations) {
  struct control* control = the_control();
  const struct candidate* candidate;
  const struct generation* generation;

  if (!control) return false;
  candidate = deciding(control);
  if (!(candidate->by_host & operations)) {
    bool in_cgroup = candidate->by_cgroup & operations;
    bool in_domain = candidate->by_domain & operations;

    if (!in_cgroup && !in_domain) return false;
    if (!in_cgroup && !bpf_get_current_task_btf()->bpf_storage) return false;
  }
  call->slot = candidate->slot;
  call->zero = control->zero;
  call->generation = generation_in(call->slot);
  generation = call->generation;
  if (!generation) {
    count_one(&control->missing);
    return false;
  }
  call->policies = generation->host;
  if (candidate->by_cgroup & operations) call->policies |= policies_of_cgroup(call->slot, generation->levels);
  if (candidate->by_domain & operations && bpf_get_current_task_btf()->bpf_storage)
    call->policies |= policies_of_domains(call->slot, candidate->number, generation->by_domain);
  if (call->policies & generation->conditional)
    call->policies = policies_that_govern(generation, call->slot, call->policies);
  return call->policies != 0;
}

#endif
