// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Judging operations on files and directories. */
#ifndef BPF_LSM_ENGINE_OBJECT_H
#define BPF_LSM_ENGINE_OBJECT_H

#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/program.h>

#include "judge.h"

/* The policies, of those that govern the call, that deny the operation on what is at this place. */
static __noinline __u64 denied_at(const struct call* call, enum operation operation, struct dentry* dentry,
                                  struct vfsmount* mnt, struct inode* inode) {
  struct generation* generation = call->generation;
  struct search search = new_search(call, operation);
  __u64 policies = search.undecided;
  enum walk_end end = WALK_AT_TOP;

  if (policies == 0) return 0;
  if (policies & generation->operations[operation % OPERATIONS].facts) {
    search.child = (__u64)dentry;
    search.place.inode = (__u64)inode;
    meet_facts(&search);
  }
  if (search.undecided & generation->operations[operation % OPERATIONS].located)
    end = walk(&search, generation, dentry, mnt, inode);
  return denied_after(&search, generation, policies, end);
}

static __always_inline int judge_at(const struct call* call, enum operation operation, struct dentry* dentry,
                                    struct vfsmount* mnt, struct inode* inode) {
  __u64 denied = denied_at(call, operation, dentry, mnt, inode);

  if (denied == 0) return 0;
  return conclude(call, operation, denied, dentry->d_sb->s_dev, inode ? inode->i_ino : 0);
}

static __always_inline int judge_file(const struct call* call, enum operation operation,
                                      const struct file* file) {
  return judge_at(call, operation, file->f_path.dentry, file->f_path.mnt, file->f_inode);
}

static __always_inline struct lsm_verdict judge_path(enum operation operation, const struct path* path) {
  struct call call;
  int result;

  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  result = judge_at(&call, operation, path->dentry, path->mnt, path->dentry->d_inode);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

#endif
