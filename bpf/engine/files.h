// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is a file, of all that the kernel has a struct file for. */
#ifndef BPF_LSM_ENGINE_FILES_H
#define BPF_LSM_ENGINE_FILES_H

#include <asm-generic/fcntl.h>

#include "object.h"

/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534F434B

/* Sockets, pipes without a name and such as epoll's come from no open(2): only a name or an anonymous file
 * (memfd_create(2)) has contents to read and write. */
static __always_inline bool is_of_files(const struct file* file) {
  unsigned long magic = file->f_inode->i_sb->s_magic;

  return magic != ANON_INODE_FS_MAGIC && magic != PIPEFS_MAGIC && magic != SOCKFS_MAGIC;
}

#endif
