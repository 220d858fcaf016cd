// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files, whatever their names are, and the file systems they are of. */
#ifndef BPF_LSM_KERNEL_INODE_H
#define BPF_LSM_KERNEL_INODE_H

#include <bpf_lsm/kernel/ids.h>
#include <bpf_lsm/kernel/list.h>
#include <linux/types.h>

/* include/uapi/linux/stat.h, which clang's own headers get in the way of. */
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010

typedef struct {
  int counter;
} __attribute__((preserve_access_index)) atomic_t;

struct dentry;

struct file_system_type {
  const char* name;
} __attribute__((preserve_access_index));

struct super_block {
  __u32 s_dev; /* major << 20 | minor: stat(2) shows another arrangement */
  unsigned long s_flags;
  unsigned long s_magic;
  struct dentry* s_root;
  struct file_system_type* s_type;
  const char* s_subtype; /* NULL: none */
} __attribute__((preserve_access_index));

/* s_flags: not for user space to mount, such as what pipes and memfds are of (include/linux/fs.h). */
#define SB_NOUSER (1UL << 31)

struct inode {
  __u16 i_mode;
  kuid_t i_uid;
  struct super_block* i_sb;
  unsigned long i_ino;
  unsigned int i_nlink;
  struct hlist_head i_dentry; /* its names that are in memory, by their d_u.d_alias */
  /* Above 0: open for writing so often. Below 0: so many hold writers off, as running programs do. */
  atomic_t i_writecount;
} __attribute__((preserve_access_index));

#endif
