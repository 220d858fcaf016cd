// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives the sockets of a cgroup other ports than they ask for, on bind(2) and on connect(2), and hides it
 * from getsockname(2) and getpeername(2) if told so. The address stays as it is.
 *
 * Only programs of these kinds can change an address; lsm/ and lsm_cgroup/ programs only judge it, and see it
 * as the process gave it. For containers with ports of their own, load it once for each.
 */
#include <bpf_lsm/program.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* What is asked for, and what it becomes. A connection that is to become port 0 is denied. */
#define PORTS(name)                  \
  struct {                           \
    __uint(type, BPF_MAP_TYPE_HASH); \
    __uint(max_entries, 1024);       \
    __type(key, __u16);              \
    __type(value, __u16);            \
  } name SEC(".maps")

PORTS(bind_ports);
PORTS(connect_ports);

/* Whether the process is told the port it asked for. */
volatile bool mask = false;

/* The port of a bpf_sock_addr is the lower half of a __u32, in the order of the network. */
static __always_inline __u16 port_of(const struct bpf_sock_addr* address) {
  return bpf_ntohs((__u16)address->user_port);
}

struct port_search {
  __u16 wanted, found;
};

static long step(void* map, __u16* asked, __u16* given, struct port_search* search) {
  if (*given != search->wanted) return 0;
  search->found = *asked;
  return 1;
}

/* Puts back what was asked for, where a port came from the map. */
static __always_inline void mask_port(struct bpf_sock_addr* address, void* map) {
  struct port_search search = {.wanted = port_of(address)};

  if (!mask) return;
  bpf_for_each_map_elem(map, step, &search, 0);
  if (search.found) address->user_port = bpf_htons(search.found);
}

#define REMAP_BIND(family)                                                          \
  CGROUP_PROGRAM(bind##family, remap_bind##family, struct bpf_sock_addr* address) { \
    __u16 asked = port_of(address);                                                 \
    __u16* given = bpf_map_lookup_elem(&bind_ports, &asked);                        \
    if (given) address->user_port = bpf_htons(*given);                              \
    return CGROUP_ALLOW;                                                            \
  }

#define REMAP_CONNECT(family)                                                             \
  CGROUP_PROGRAM(connect##family, remap_connect##family, struct bpf_sock_addr* address) { \
    __u16 asked = port_of(address);                                                       \
    __u16* given = bpf_map_lookup_elem(&connect_ports, &asked);                           \
    if (!given) return CGROUP_ALLOW;                                                      \
    if (*given == 0) return CGROUP_DENY;                                                  \
    address->user_port = bpf_htons(*given);                                               \
    return CGROUP_ALLOW;                                                                  \
  }

#define MASK(what, family, map)                                                                       \
  CGROUP_PROGRAM(get##what##name##family, mask_##what##name##family, struct bpf_sock_addr* address) { \
    mask_port(address, &map);                                                                         \
    return CGROUP_ALLOW;                                                                              \
  }

REMAP_BIND(4)
REMAP_BIND(6)
REMAP_CONNECT(4)
REMAP_CONNECT(6)
MASK(sock, 4, bind_ports)
MASK(sock, 6, bind_ports)
MASK(peer, 4, connect_ports)
MASK(peer, 6, connect_ports)
