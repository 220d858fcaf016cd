// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An open file. */
#ifndef BPF_LSM_KERNEL_FILE_H
#define BPF_LSM_KERNEL_FILE_H

#include <bpf_lsm/kernel/dentry.h>

/* f_mode: what it is open for; FMODE_EXEC is one of f_flags too (include/linux/fs.h). */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_EXEC 0x20
/* Opened by the kernel for itself (fs/file_table.c alloc_empty_file_noaccount()). */
#define FMODE_NOACCOUNT 0x20000000

struct file {
  unsigned int f_flags;
  unsigned int f_mode;
  /* From 7.3 on the verifier does not trust the pointers in it: they can be read, not passed to helpers. */
  struct path f_path;
  struct inode* f_inode;
} __attribute__((preserve_access_index));

/* Linux 6.5: what a file system in layers opens beneath. */
struct backing_file {
  struct file file;
  struct path user_path; /* Linux 6.7: what was opened above; until then that is the file's f_path */
} __attribute__((preserve_access_index));

#endif
