// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Denies bind(2) to a port in the cgroups it is attached to, and in all below them, but for those that are
 * listed in an array of cgroups, with all below these. The list can be changed at any time.
 */
#include <bpf_lsm/cgroup_hook.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/socket_address.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define MOST_EXEMPT 16

struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
  __uint(max_entries, MOST_EXEMPT);
  __type(key, __u32);
  __type(value, __u32);
} exempt SEC(".maps");

/* 0: any port, also the one that the kernel chooses. */
volatile __u16 port = 0;

volatile __u64 denied = 0;

/* An empty slot answers -EAGAIN (kernel/trace/bpf_trace.c bpf_current_task_under_cgroup()). */
static __always_inline bool current_is_exempt(void) {
  for (int slot = 0; slot < MOST_EXEMPT; slot++) {
    if (bpf_current_task_under_cgroup(&exempt, slot) == 1) return true;
  }
  return false;
}

CGROUP_HOOK(socket_bind, deny_bind, struct socket* socket, struct sockaddr* address, int length) {
  struct socket_address to;

  if (!socket_address_read(&to, address, length)) return LSM_ALLOW;
  if ((port != 0 && to.port != port) || current_is_exempt()) return LSM_ALLOW;
  count_one(&denied);
  return LSM_DENY(EACCES);
}
