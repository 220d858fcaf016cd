// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The least that a program on a cgroup can do: what is measured is the kernel's way to it. */
#include <linux/bpf.h>

#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

LSM_CGROUP_PROGRAM(socket_connect, lsm_connect) {
  return CGROUP_ALLOW;
}

LSM_CGROUP_PROGRAM(socket_bind, lsm_bind) {
  return CGROUP_ALLOW;
}

LSM_CGROUP_PROGRAM(socket_listen, lsm_listen) {
  return CGROUP_ALLOW;
}

CGROUP_PROGRAM(connect4, cgroup_connect, struct bpf_sock_addr* address) {
  return CGROUP_ALLOW;
}

CGROUP_PROGRAM(bind4, cgroup_bind, struct bpf_sock_addr* address) {
  return CGROUP_ALLOW;
}
