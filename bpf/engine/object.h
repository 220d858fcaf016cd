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

/*
 * Before Linux 6.7 what overlayfs opens beneath has the path of the overlay's file (fs/open.c
 * open_with_fake_path(), from 6.5 on backing_file_open()), and only its inode knows where it is.
 */
static __always_inline bool has_path_of_layer(void) {
  return bpf_core_field_exists(struct backing_file, user_path);
}

static __always_inline bool is_in_layer(const struct file* file) {
  return !has_path_of_layer() && file->f_inode->i_sb != file->f_path.dentry->d_sb;
}

/* Up to the root of its file system, as by the mounts that an overlay has for itself (clone_private_mount()
 * in fs/namespace.c). Of several names it is one; without any, what depends on it is lost. */
static __noinline int judge_in_layer(const struct call* call, enum operation operation, __u64 inode) {
  struct generation* generation = call->generation;
  struct search search = new_search(call, operation);
  __u64 policies = search.undecided;
  __u64 name = (__u64)READ(struct inode, inode, i_dentry.first);
  __u64 dentry = name - bpf_core_field_offset(struct dentry, d_u.d_alias);
  __u64 super = (__u64)READ(struct inode, inode, i_sb);
  __u64 number = READ(struct inode, inode, i_ino);
  __u32 device = READ(struct super_block, super, s_dev);
  enum walk_end end = WALK_AT_TOP;
  __u64 denied;

  if (policies == 0) return 0;
  if (name == 0) {
    end = WALK_LOST;
  } else {
    if (policies & generation->operations[operation % OPERATIONS].facts) {
      search.child = dentry;
      search.place.inode = inode;
      meet_facts(&search);
    }
    if (search.undecided & generation->operations[operation % OPERATIONS].located)
      end = walk_on(&search, dentry, 0, device, number);
  }
  denied = denied_after(&search, generation, policies, end);
  return conclude(call, operation, denied, device, number);
}

static __always_inline int judge_file(const struct call* call, enum operation operation,
                                      const struct file* file) {
  if (is_in_layer(file)) return judge_in_layer(call, operation, (__u64)file->f_inode);
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
