// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which processes of its scope a policy governs: by their ids, and by what they run. */
#ifndef BPF_LSM_ENGINE_CONDITIONS_H
#define BPF_LSM_ENGINE_CONDITIONS_H

#include <bpf_lsm/kernel/cred.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/mm.h>

#include <bpf/bpf_endian.h>

#include "inquiry.h"

static __always_inline __u64 policies_for_id(void* inner, enum id_kind kind, __u32 id) {
  struct id_prefix key = {.prefixlen = 8 * (sizeof(kind) + sizeof(id)), .kind = kind};
  const __u64* word;

  id = bpf_htonl(id);
  __builtin_memcpy(key.id, &id, sizeof(id));
  word = bpf_map_lookup_elem(inner, &key);
  return word ? *word : 0;
}

/* Without the map nothing can be told of them, and the policies govern. */
static __noinline __u64 policies_for_ids(const struct generation* generation, __u32 slot) {
  const struct cred* cred = bpf_get_current_task_btf()->real_cred;
  void* inner = bpf_map_lookup_elem(&ids, &slot);
  __u64 users = ~generation->with_uids, groups = ~generation->with_gids;

  if (!inner || !cred) return ~0ULL;
  if (~users != 0)
    users |= policies_for_id(inner, ID_OF_USER, cred->uid.val) |
             policies_for_id(inner, ID_OF_USER, cred->euid.val);
  if (~groups != 0)
    groups |= policies_for_id(inner, ID_OF_GROUP, cred->gid.val) |
              policies_for_id(inner, ID_OF_GROUP, cred->egid.val);
  return users & groups;
}

/*
 * An executable that a condition names is written as denied, so that one that cannot be followed to the top
 * counts as one that it names, but for policies that allow then. A thread of the kernel runs nothing.
 */
static __always_inline __u64 policies_for_executable(__u32 slot, __u64 policies) {
  const struct mm_struct* mm = bpf_get_current_task_btf()->mm;
  struct inquiry inquiry = {.policies = policies, .slot = slot, .operation = OPERATION_RUN_BY};
  const struct dentry* dentry;
  const struct inode* inode;
  struct vfsmount* mnt;
  const struct file* file;

  if (!mm) return 0;
  file = mm->exe_file;
  if (!file) return policies;
  dentry = file->f_path.dentry;
  mnt = file->f_path.mnt;
  inode = file->f_inode;
  inquiry.dentry = (__u64)dentry;
  inquiry.mount = (__u64)mount_of(mnt);
  inquiry.device = dentry->d_sb->s_dev;
  inquiry.inode = inode->i_ino;
  inquire(&inquiry);
  return inquiry.denied;
}

static __noinline __u64 policies_that_govern(const struct generation* generation, __u32 slot,
                                             __u64 policies) {
  __u64 run_by;

  if (policies & (generation->with_uids | generation->with_gids))
    policies &= policies_for_ids(generation, slot);
  run_by = policies & generation->with_executables;
  if (run_by != 0) policies &= ~run_by | policies_for_executable(slot, run_by);
  return policies;
}

#endif
