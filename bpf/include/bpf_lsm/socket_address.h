// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The address that a socket hook is given, as the kernel copied it from the process: struct sockaddr with its
 * length. Read as memory, because its type differs between kernels; lockdown=confidentiality forbids that.
 */
#ifndef BPF_LSM_SOCKET_ADDRESS_H
#define BPF_LSM_SOCKET_ADDRESS_H

#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

struct sockaddr;

struct socket_address {
  __u16 family;
  __u16 port;       /* as people write it */
  __u32 address[4]; /* in the order of the network; of IPv4 mapped into IPv6, ::ffff:a.b.c.d */
};

/* The beginning of struct sockaddr_in and of struct sockaddr_in6. */
struct socket_address_ipv4 {
  __u16 family;
  __be16 port;
  __be32 address;
};

struct socket_address_ipv6 {
  __u16 family;
  __be16 port;
  __be32 flow;
  __be32 address[4];
};

static __always_inline void socket_address_map_ipv4(__u32 address[4], __be32 ipv4) {
  address[0] = address[1] = 0;
  address[2] = bpf_htonl(0xffff);
  address[3] = ipv4;
}

/* False for an address of another family, or one that is too short to be one. */
static __always_inline bool socket_address_read(struct socket_address* to, const struct sockaddr* from,
                                                int length) {
  struct socket_address_ipv6 ipv6;
  struct socket_address_ipv4 ipv4;

  if (length < (int)sizeof(ipv4) || bpf_probe_read_kernel(&ipv4, sizeof(ipv4), from)) return false;
  to->family = ipv4.family;
  to->port = bpf_ntohs(ipv4.port);
  if (ipv4.family == AF_INET) {
    socket_address_map_ipv4(to->address, ipv4.address);
    return true;
  }
  if (ipv4.family != AF_INET6 || length < (int)sizeof(ipv6)) return false;
  if (bpf_probe_read_kernel(&ipv6, sizeof(ipv6), from)) return false;
  __builtin_memcpy(to->address, ipv6.address, sizeof(to->address));
  return true;
}

#endif
