// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Events for user space through a perf buffer, with none lost in silence. For kernels and readers that have
 * no ring buffer: otherwise EVENT_RING of events.h is better, it keeps the order over all CPUs and copies
 * less.
 *
 *   EVENT_PERF(events, struct event);
 *
 *   LSM_PROGRAM(inode_mkdir, watch_mkdir) {
 *     struct event event = {.pid = ...};
 *
 *     event_output(context, events, &event);
 *     return LSM_ALLOW;
 *   }
 *
 * EVENT_PERF declares two maps: the perf event array <name>, with a place for every CPU, and <name>_dropped,
 * a PERCPU_ARRAY. Its only element is a __u64 that counts the events that were not stored, for whatever
 * reason: no room, no reader, none on this CPU. Summed over the CPUs, for all events a program tried to send:
 *
 *   produced = delivered + dropped
 *
 * The value of the array is a descriptor, as the kernel wants it, and by its type says what the events are.
 */
#ifndef BPF_LSM_PERF_EVENTS_H
#define BPF_LSM_PERF_EVENTS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf_lsm/counter.h>

#define EVENT_PERF(name, event)                    \
  struct {                                         \
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);   \
    __type(key, __u32);                            \
    __type(value, BPF_LSM_DESCRIPTOR_FOR_(event)); \
  } name SEC(".maps");                             \
  struct {                                         \
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);       \
    __uint(max_entries, 1);                        \
    __type(key, __u32);                            \
    __type(value, __u64);                          \
  } name##_dropped SEC(".maps")

#define BPF_LSM_DESCRIPTOR_FOR_(event) \
  struct {                             \
    __u32 descriptor;                  \
    event events[0];                   \
  } __attribute__((packed))

/*
 * Sends an event of the buffer's type, from the program whose context is given. 0, or -errno, which is
 * counted as dropped: -ENOSPC when the buffer of this CPU is full, -ENOENT when it has none.
 */
#define event_output(context, buffer, event)                                                          \
  ({                                                                                                  \
    _Static_assert(__builtin_types_compatible_p(typeof(*(event)), typeof((buffer).value->events[0])), \
                   "an event is of the type that its buffer declares");                               \
    event_output_or_count(context, &(buffer), &buffer##_dropped, event, sizeof(*(event)));            \
  })

static __always_inline long event_output_or_count(void* context, void* buffer, void* dropped, void* event,
                                                  __u64 size) {
  long result = bpf_perf_event_output(context, buffer, BPF_F_CURRENT_CPU, event, size);

  if (result) {
    __u32 only = 0;
    __u64* count = bpf_map_lookup_elem(dropped, &only);

    if (count) count_one(count);
  }
  return result;
}

#endif
