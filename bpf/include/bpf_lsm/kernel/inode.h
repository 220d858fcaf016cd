// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files, whatever their names are, and the file systems they are of. */
#ifndef BPF_LSM_KERNEL_INODE_H
#define BPF_LSM_KERNEL_INODE_H

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
  struct file_system_type* s_type;
  unsigned long s_flags;
  unsigned long s_magic;
  struct dentry* s_root;
} __attribute__((preserve_access_index));

/* s_flags: not for user space to mount, such as what pipes and memfds are of (include/linux/fs.h). */
#define SB_NOUSER (1UL << 31)

struct inode {
  __u16 i_mode;
  struct super_block* i_sb;
  unsigned long i_ino;
  unsigned int i_nlink;
  /* Above 0: open for writing so often. Below 0: so many hold writers off, as running programs do. */
  atomic_t i_writecount;
} __attribute__((preserve_access_index));

#endif
