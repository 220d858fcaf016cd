// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who may talk to whom, by tags: a cgroup and all below it has a tag, an address has one, and a table says
 * which tag may reach which. What is not in the table is denied. Tag 0 is whatever has no other.
 *
 * Unix sockets are judged by the cgroup of the task that calls and by the cgroup that the other socket was
 * made in, connections over IP by the address.
 */
#include <bpf_lsm/cgroup_hook.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/socket_address.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define MOST_LEVELS 64

/* By the id of a cgroup, the inode number of its directory. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, __u32);
} cgroup_tags SEC(".maps");

struct destination {
  __u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
  __u32 port;       /* 0: all ports that have no entry of their own */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct destination);
  __type(value, __u32);
} address_tags SEC(".maps");

struct passage {
  __u32 from, to;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct passage);
  __type(value, __u8);
} passages SEC(".maps");

volatile __u64 denied = 0;

/* The tag of the nearest cgroup, from this one up. Where it is too deep to tell: one that has no passage. */
static __always_inline __u32 tag_of(struct cgroup* cgroup) {
  int level;

  for (level = 0; cgroup && level < MOST_LEVELS; level++) {
    struct cgroup_subsys_state* above = cgroup->self.parent;
    __u64 id = cgroup->kn->id;
    __u32* tag = bpf_map_lookup_elem(&cgroup_tags, &id);

    if (tag) return *tag;
    cgroup = above ? above->cgroup : NULL;
  }
  return cgroup ? ~0U : 0;
}

static __always_inline __u32 tag_of_current(void) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct css_set* cgroups = task->cgroups;

  return cgroups ? tag_of(cgroups->dfl_cgrp) : 0;
}

static __always_inline __u32 tag_of_address(const struct socket_address* address) {
  struct destination to = {.port = address->port};
  __u32* tag;

  __builtin_memcpy(to.address, address->address, sizeof(to.address));
  tag = bpf_map_lookup_elem(&address_tags, &to);
  if (tag) return *tag;
  to.port = 0;
  tag = bpf_map_lookup_elem(&address_tags, &to);
  return tag ? *tag : 0;
}

static __always_inline struct lsm_verdict judge(__u32 from, __u32 to) {
  struct passage passage = {.from = from, .to = to};

  if (bpf_map_lookup_elem(&passages, &passage)) return LSM_ALLOW;
  count_one(&denied);
  return LSM_DENY(EPERM);
}

CGROUP_HOOK(unix_stream_connect, segment_stream, struct sock* sock, struct sock* other) {
  return judge(tag_of_current(), tag_of(other->sk_cgrp_data.cgroup));
}

CGROUP_HOOK(unix_may_send, segment_datagram, struct socket* sock, struct socket* other) {
  struct sock* peer = other->sk;

  return judge(tag_of_current(), peer ? tag_of(peer->sk_cgrp_data.cgroup) : 0);
}

CGROUP_HOOK(socket_connect, segment_connect, struct socket* socket, struct sockaddr* address, int length) {
  struct socket_address to;

  if (!socket_address_read(&to, address, length)) return LSM_ALLOW;
  return judge(tag_of_current(), tag_of_address(&to));
}
