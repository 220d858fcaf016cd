// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An object of the usual size for measuring how long loading takes: a hash, counters, a ring, globals, and
 * two programs that use them. No LSM program, so that it loads on any machine; the LSM object is
 * bpf/examples/mprotect_guard.bpf.c.
 */
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

struct subject {
  __u32 pid;
  __u32 uid;
};

struct rule {
  __u64 hits;
  __u32 effect;
  __u32 flags;
};

struct decision {
  __u64 time_ns;
  struct subject subject;
  __u32 effect;
  char comm[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct subject);
  __type(value, struct rule);
} rules SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

EVENT_RING(decisions, struct decision, 64 * 1024);

const volatile __u32 default_effect = 1;
volatile __u32 mode = 0;
volatile __u64 denied = 0;

struct request {
  struct subject subject;
  __u32 operation;
};

static __always_inline void report(const struct subject* subject, __u32 effect) {
  struct decision* event = event_reserve(decisions);

  if (!event) return;
  event->time_ns = bpf_ktime_get_boot_ns();
  event->subject = *subject;
  event->effect = effect;
  __builtin_memset(event->comm, 0, sizeof(event->comm));
  event_submit(event);
}

SEC("syscall")
int decide(struct request* request) {
  struct subject subject = request->subject;
  __u32 operation = request->operation & 15, effect = default_effect;
  struct rule* rule = bpf_map_lookup_elem(&rules, &subject);
  __u64* counter = bpf_map_lookup_elem(&counters, &operation);

  if (counter) ++*counter;
  if (rule) {
    count_one(&rule->hits);
    effect = rule->effect;
  }
  if (effect == 0 && mode > 0) {
    count_one(&denied);
    report(&subject, effect);
  }
  return effect;
}

SEC("syscall")
int add_rule(struct request* request) {
  struct subject subject = request->subject;
  struct rule rule = {.effect = request->operation};

  return bpf_map_update_elem(&rules, &subject, &rule, BPF_ANY);
}
