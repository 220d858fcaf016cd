// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Events for user space through a ring buffer, with none lost in silence:
 *
 *   EVENT_RING(events, struct event, 256 * 1024);
 *
 *   struct event* event = event_reserve(events);
 *   if (event) {
 *     event->pid = ...;
 *     event_submit(event);
 *   }
 *
 * EVENT_RING declares two maps: the ring buffer <name>, and <name>_dropped, a PERCPU_ARRAY. Its only element
 * is a __u64 that counts the reservations the ring had no room for. Summed over the CPUs, for all events a
 * program tried to send:
 *
 *   produced = delivered + dropped
 *
 * The type of the ring's value is event[0], an array of no events. So the object's BTF names the event's
 * type, while the value's size is 0, the only one the kernel accepts for a ring buffer (ringbuf_map_alloc):
 * every loader can load the object as it is. libbpf gives the type by bpf_map__btf_value_type_id() until it
 * creates the map; it warns then that it is "Retrying without BTF", which a ring buffer does without.
 *
 * The size of the ring is in bytes: a power of two and a multiple of the page size. User space may change it
 * before the load. Reserved memory is not cleared: fill every field.
 */
#ifndef BPF_LSM_EVENTS_H
#define BPF_LSM_EVENTS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf_lsm/counter.h>

#define EVENT_RING(name, event, bytes)       \
  struct {                                   \
    __uint(type, BPF_MAP_TYPE_RINGBUF);      \
    __uint(max_entries, bytes);              \
    __type(value, event[0]);                 \
  } name SEC(".maps");                       \
  struct {                                   \
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
    __uint(max_entries, 1);                  \
    __type(key, __u32);                      \
    __type(value, __u64);                    \
  } name##_dropped SEC(".maps")

/* Room for one event of the ring's type, or NULL, which is counted as dropped. */
#define event_reserve(ring) \
  ((typeof(&(*(ring).value)[0]))event_reserve_or_count(&(ring), &ring##_dropped, sizeof((*(ring).value)[0])))

static __always_inline void* event_reserve_or_count(void* ring, void* dropped, __u64 size) {
  void* event = bpf_ringbuf_reserve(ring, size, 0);

  if (!event) {
    __u32 only = 0;
    __u64* count = bpf_map_lookup_elem(dropped, &only);

    if (count) count_one(count);
  }
  return event;
}

/*
 * Both wake the reader if it has read everything before this record. The flags stay 0, for a discarded record
 * too: a record with BPF_RB_NO_WAKEUP leaves the reader behind, and then no later record without a flag wakes
 * it (bpf_ringbuf_commit).
 */
static __always_inline void event_submit(void* event) {
  bpf_ringbuf_submit(event, 0);
}
static __always_inline void event_discard(void* event) {
  bpf_ringbuf_discard(event, 0);
}

#endif
