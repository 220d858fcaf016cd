// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counters that stay exact when several CPUs, or tasks taking turns on one CPU, count at once. */
#ifndef BPF_LSM_COUNTER_H
#define BPF_LSM_COUNTER_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* Atomic even on a per-CPU value: LSM programs run with migration disabled, but can be preempted. */
static __always_inline void count_one(volatile __u64* counter) {
  __sync_fetch_and_add(counter, 1);
}

#endif
