// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Limits how many sockets of a cgroup are connected to one address and port at a time; one more gets EUSERS.
 * A socket counts from connect(2) on, whether that succeeds or not, until it is closed or connected
 * elsewhere.
 *
 * Destinations are counted by a hash of theirs, in a table of fixed size that never needs to be cleaned up.
 * Two that fall together share a limit: the error is on the strict side.
 */
#include <bpf_lsm/counter.h>
#include <bpf_lsm/program.h>
#include <bpf_lsm/socket_address.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define COUNTERS (1 << 16)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, COUNTERS);
  __type(key, __u32);
  __type(value, __u32);
} connections SEC(".maps");

/* The counter that a socket is counted in, plus one; 0: in none. */
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, __u32);
} counted_in SEC(".maps");

volatile __u32 limit = 10;

volatile __u64 refused = 0;

/* FNV-1a over words of four bytes. */
static __always_inline __u32 counter_of(const __u32 address[4], __u32 port) {
  __u32 hash = 2166136261;

  for (int i = 0; i < 4; i++) hash = (hash ^ address[i]) * 16777619;
  hash = (hash ^ port) * 16777619;
  return (hash ^ (hash >> 16)) % COUNTERS;
}

static __always_inline void leave(__u32* place) {
  __u32 counter = *place - 1;
  __u32* count = *place ? bpf_map_lookup_elem(&connections, &counter) : NULL;

  *place = 0;
  if (count) __sync_fetch_and_sub(count, 1);
}

static __always_inline struct cgroup_verdict enter(struct bpf_sock_addr* context, const __u32 address[4]) {
  __u32 counter = counter_of(address, context->user_port);
  __u32* count = bpf_map_lookup_elem(&connections, &counter);
  struct bpf_sock* socket = context->sk;
  __u32* place = socket ? bpf_sk_storage_get(&counted_in, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;

  /* Out of memory: what cannot be counted is not let through. */
  if (!count || !place) return cgroup_deny(ENOMEM);
  if (*place == counter + 1) return CGROUP_ALLOW;
  leave(place);
  if (__sync_fetch_and_add(count, 1) >= limit) {
    __sync_fetch_and_sub(count, 1);
    count_one(&refused);
    return cgroup_deny(EUSERS);
  }
  *place = counter + 1;
  return CGROUP_ALLOW;
}

CGROUP_PROGRAM(connect4, limit_connect4, struct bpf_sock_addr* context) {
  __u32 address[4];

  socket_address_map_ipv4(address, context->user_ip4);
  return enter(context, address);
}

CGROUP_PROGRAM(connect6, limit_connect6, struct bpf_sock_addr* context) {
  __u32 address[4] = {context->user_ip6[0], context->user_ip6[1], context->user_ip6[2], context->user_ip6[3]};

  return enter(context, address);
}

CGROUP_PROGRAM(sock_release, forget_socket, struct bpf_sock* socket) {
  __u32* place = bpf_sk_storage_get(&counted_in, socket, NULL, 0);

  if (place) leave(place);
  return CGROUP_ALLOW;
}
