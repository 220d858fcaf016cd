// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Denies connect(2) to chosen ports, to the tasks of the cgroups it is attached to, whatever the protocol.
 * Each port has the errno that the caller gets.
 *
 * A connection that is made by the first sendmsg(2) (MSG_FASTOPEN) passes no connect hook: a second program
 * denies it.
 */
#include <bpf_lsm/cgroup_hook.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/socket_address.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define MSG_FASTOPEN 0x20000000

/* By port, the errno of a denial, positive. A value that is no errno stands for EPERM. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u16);
  __type(value, __s32);
} denied_ports SEC(".maps");

volatile __u64 denied = 0;

struct msghdr {
  void* msg_name;
  int msg_namelen;
  unsigned int msg_flags;
} __attribute__((preserve_access_index));

static __always_inline struct lsm_verdict judge(const struct sockaddr* address, int length) {
  struct socket_address to;
  __s32* error;

  if (!socket_address_read(&to, address, length)) return LSM_ALLOW;
  error = bpf_map_lookup_elem(&denied_ports, &to.port);
  if (!error) return LSM_ALLOW;
  count_one(&denied);
  return lsm_deny(*error);
}

CGROUP_HOOK(socket_connect, deny_connect, struct socket* socket, struct sockaddr* address, int length) {
  return judge(address, length);
}

CGROUP_HOOK(socket_sendmsg, deny_fast_open, struct socket* socket, struct msghdr* message) {
  if (!(message->msg_flags & MSG_FASTOPEN)) return LSM_ALLOW;
  return judge(message->msg_name, message->msg_namelen);
}
