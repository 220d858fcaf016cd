// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Denies mkdir(2) to one process: about the smallest program that enforces something. */
#include <bpf_lsm/counter.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* The process, as the initial pid namespace numbers it; 0: nobody. */
volatile __u32 target_pid = 0;
volatile __u64 denied = 0;

LSM_PROGRAM(inode_mkdir, no_new_directories) {
  __u32 pid = bpf_get_current_pid_tgid() >> 32;

  if (target_pid == 0 || pid != target_pid) return LSM_ALLOW;

  count_one(&denied);
  return LSM_DENY(EPERM);
}
