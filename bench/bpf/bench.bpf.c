// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the benchmarks work on: maps, and rings with programs that fill them. The records of a run are as many
 * as the context says, so that whoever measures knows what must come out.
 */
#include <bpf_lsm/events.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define ENTRIES 10000
#define RING_BYTES (4 * 1024 * 1024)

struct traffic {
  __u64 packets;
  __u64 bytes;
  __u32 last_port;
  __u16 protocol;
  __u16 flags;
};

#define BENCH_MAP(name, kind, value_type) \
  struct {                                \
    __uint(type, kind);                   \
    __uint(max_entries, ENTRIES);         \
    __type(key, __u32);                   \
    __type(value, value_type);            \
  } name SEC(".maps")

BENCH_MAP(hash, BPF_MAP_TYPE_HASH, __u64);
BENCH_MAP(hash_struct, BPF_MAP_TYPE_HASH, struct traffic);
BENCH_MAP(array, BPF_MAP_TYPE_ARRAY, __u64);
BENCH_MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, __u64);
BENCH_MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, __u64);

/* 16 bytes: as little as an event is worth. */
struct tiny {
  __u64 sequence;
  __u64 time_ns;
};

/* 64 bytes of integers. */
struct numbers {
  __u64 sequence;
  __u64 time_ns;
  __u64 cgroup_id;
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __u32 gid;
  __u32 parent;
  __u32 flags;
  __u32 inode;
  __u32 device;
  __u32 mode;
  __u32 result;
};

/* 64 bytes, 16 of them text: what most tracers send. */
struct named {
  __u64 sequence;
  __u64 time_ns;
  __u64 cgroup_id;
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __u32 gid;
  __u32 flags;
  __u32 result;
  char comm[16];
};

/* 256 bytes: the same with a path. */
struct pathed {
  __u64 sequence;
  __u64 time_ns;
  __u64 cgroup_id;
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __u32 gid;
  __u32 flags;
  __u32 result;
  char comm[16];
  char path[192];
};

EVENT_RING(tiny_ring, struct tiny, RING_BYTES);
EVENT_RING(numbers_ring, struct numbers, RING_BYTES);
EVENT_RING(named_ring, struct named, RING_BYTES);
EVENT_RING(pathed_ring, struct pathed, RING_BYTES);

/* The context of every program. */
struct request {
  __u32 records;
  __u32 first; /* the sequence number of the first */
};

#define FILL_COMMON(event, sequence_number)      \
  (event)->sequence = (sequence_number);         \
  (event)->time_ns = bpf_ktime_get_boot_ns();    \
  (event)->cgroup_id = 4242;                     \
  (event)->pid = 1000 + ((sequence_number)&255); \
  (event)->tid = 2000 + ((sequence_number)&255); \
  (event)->uid = 1000;                           \
  (event)->gid = 1000;                           \
  (event)->flags = 0x8000;                       \
  (event)->result = 0

static long send_tiny(__u32 index, struct request* request) {
  struct tiny* event = event_reserve(tiny_ring);

  if (!event) return 1;
  event->sequence = request->first + index;
  event->time_ns = bpf_ktime_get_boot_ns();
  event_submit(event);
  return 0;
}

static long send_numbers(__u32 index, struct request* request) {
  struct numbers* event = event_reserve(numbers_ring);
  __u32 sequence = request->first + index;

  if (!event) return 1;
  FILL_COMMON(event, sequence);
  event->parent = 1;
  event->inode = sequence;
  event->device = 0x800001;
  event->mode = 0100644;
  event_submit(event);
  return 0;
}

/* A few names, as a machine has them. */
static __always_inline void name_of(char comm[16], __u32 sequence) {
  static const char names[4][16] = {"systemd", "node", "containerd-shim", "sshd"};

  __builtin_memcpy(comm, names[sequence & 3], 16);
}

static long send_named(__u32 index, struct request* request) {
  struct named* event = event_reserve(named_ring);
  __u32 sequence = request->first + index;

  if (!event) return 1;
  FILL_COMMON(event, sequence);
  name_of(event->comm, sequence);
  event_submit(event);
  return 0;
}

static long send_pathed(__u32 index, struct request* request) {
  static const char path[192] = "/usr/lib/x86_64-linux-gnu/security/pam_unix.so";
  struct pathed* event = event_reserve(pathed_ring);
  __u32 sequence = request->first + index;

  if (!event) return 1;
  FILL_COMMON(event, sequence);
  name_of(event->comm, sequence);
  __builtin_memcpy(event->path, path, sizeof(path));
  event->path[1] = 'a' + (sequence & 15);
  event_submit(event);
  return 0;
}

#define FILLER(name)                                      \
  SEC("syscall")                                          \
  int fill_##name(struct request* request) {              \
    struct request copy = *request;                       \
    return bpf_loop(copy.records, send_##name, &copy, 0); \
  }

FILLER(tiny)
FILLER(numbers)
FILLER(named)
FILLER(pathed)
