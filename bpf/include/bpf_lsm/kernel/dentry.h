// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of files, and where they are. */
#ifndef BPF_LSM_KERNEL_DENTRY_H
#define BPF_LSM_KERNEL_DENTRY_H

#include <linux/types.h>

#include <bpf_lsm/kernel/inode.h>

/* The longest name of a directory entry, without its final NUL (include/uapi/linux/limits.h). */
#define NAME_MAX 255

struct qstr {
  __u32 len;
  const unsigned char* name;
} __attribute__((preserve_access_index));

struct dentry {
  struct dentry* d_parent; /* itself, where there is nothing above */
  struct qstr d_name;
  struct inode* d_inode; /* NULL: no such file */
  struct super_block* d_sb;
  union {
    struct hlist_node d_alias; /* in the list of its inode */
  } d_u;
} __attribute__((preserve_access_index));

struct vfsmount;

struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
} __attribute__((preserve_access_index));

#endif
