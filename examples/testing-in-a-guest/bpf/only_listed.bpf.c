// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The processes of one cgroup start no programs but those that are listed. */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/kernel/binprm.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* By their inodes: a program is known by whatever name it is started, while somebody has it open. */
struct {
  __uint(type, BPF_MAP_TYPE_INODE_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, __u32);
} listed SEC(".maps");

/* The id of the cgroup. Of no cgroup until it is set. */
volatile __u64 guarded_cgroup = 0;

volatile __u64 denied = 0;

/* The kernel asks for a script, and then for its interpreter: both have to be listed. */
LSM_PROGRAM(bprm_check_security, only_listed, struct linux_binprm* bprm) {
  if (!current_in_cgroup(guarded_cgroup)) return LSM_ALLOW;
  if (bpf_inode_storage_get(&listed, bprm->file->f_inode, NULL, 0)) return LSM_ALLOW;

  count_one(&denied);
  return LSM_DENY(EPERM);
}
