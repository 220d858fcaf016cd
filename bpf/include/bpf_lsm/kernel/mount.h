// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Mounts. A path names a struct vfsmount, which is a part of a struct mount (fs/mount.h): find that with
 * mount_of() and read it with BPF_CORE_READ.
 */
#ifndef BPF_LSM_KERNEL_MOUNT_H
#define BPF_LSM_KERNEL_MOUNT_H

#include <bpf_lsm/kernel/dentry.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

struct vfsmount {
  struct dentry* mnt_root;
  struct super_block* mnt_sb;
} __attribute__((preserve_access_index));

struct mnt_namespace;

struct list_head {
  struct list_head* next;
} __attribute__((preserve_access_index));

struct mount {
  struct mount* mnt_parent; /* itself, at the top */
  struct dentry* mnt_mountpoint;
  struct vfsmount mnt;
  struct list_head mnt_mounts;  /* what is mounted on it */
  struct list_head mnt_share;   /* a ring of those that events are shared with, which is a peer group */
  struct mount* mnt_master;     /* of the group whose events it gets too; NULL: none */
  struct mnt_namespace* mnt_ns; /* NULL: mounted nowhere */
  int mnt_group_id;             /* 0: in no peer group */
} __attribute__((preserve_access_index));

/* Of NULL it makes a pointer through which nothing can be read. */
static __always_inline struct mount* mount_of(const struct vfsmount* part) {
  return (void*)part - bpf_core_field_offset(struct mount, mnt);
}

#endif
