// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the engine does at present, as a text: for those who are kept from its maps. A line for the guard, one
 * for what decides, one for each policy.
 */
#include <bpf_lsm/kernel/iter.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "generation.h"
#include "guard_state.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* One for each policy that there can be: what is in it does not matter. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, POLICIES);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, __u32);
} guard_lines SEC(".maps");

static __u64 policies_that_govern(const struct generation* generation, __u32 slot, __u64 policies) {
  return policies;
}

static __noinline int report_all(struct seq_file* seq, const struct control* control,
                                 const struct candidate* now) {
  const struct state* state = &control->states[control->current % STATES];
  const struct guard* guard = the_guard();
  __u32 before = now == &state->active ? state->fallback.number : state->active.number;

  if (!guard) return 0;
  BPF_SEQ_PRINTF(seq, "guard %u %llu %llu\n", guard->armed, guard->denied, guard->wrong_tokens);
  BPF_SEQ_PRINTF(seq, "engine %u %u %u %llu %u", control->layout, now->number, before, state->deadline_ns,
                 now == &state->fallback);
  BPF_SEQ_PRINTF(seq, " %llu %llu %llu %llu %llu\n", now->by_host, now->by_cgroup, now->by_domain,
                 control->lost, control->missing);
  return 0;
}

SEC("iter/bpf_map_elem")
int report(struct bpf_iter__bpf_map_elem* context) {
  struct seq_file* seq = context->meta->seq;
  struct control* control = the_control();
  const struct candidate* now;
  const struct generation* generation;
  const __u32* key = context->key;
  __u32 policy, slot;
  void* counters;

  if (!key || !control) return 0;
  policy = *key % POLICIES;
  now = deciding(control);
  if (policy == 0) report_all(seq, control, now);
  slot = now->slot;
  generation = generation_in(slot);
  counters = bpf_map_lookup_elem(&denials, &slot);
  if (!generation || !counters || generation->names[policy][0] == 0) return 0;
  /* Where nothing decides any more, it may be in the slot of policies that did. */
  if (generation->number != now->number) return 0;
  BPF_SEQ_PRINTF(seq, "policy %u %u %s", generation->number, (generation->enforced >> policy) & 1,
                 generation->names[policy]);
  for (__u32 operation = 0; operation < OPERATIONS; operation++) {
    __u32 index = policy * OPERATIONS + operation;
    const __u64* count = bpf_map_lookup_elem(counters, &index);

    if (count && *count) BPF_SEQ_PRINTF(seq, " %u=%llu", operation, *count);
  }
  BPF_SEQ_PRINTF(seq, "\n");
  return 0;
}
