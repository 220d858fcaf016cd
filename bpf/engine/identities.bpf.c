// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How the kernel numbers the files that a process has open: what stat(2) tells of them is another thing on
 * some file systems, overlayfs and btrfs among them. A line for each: descriptor, device, inode, magic
 * number.
 */
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/iter.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("iter/task_file")
int list_identities(struct bpf_iter__task_file* context) {
  struct file* file = context->file;
  struct inode* inode;

  if (!file) return 0;
  inode = file->f_inode;
  BPF_SEQ_PRINTF(context->meta->seq, "%u %u %lu %lu\n", context->fd, inode->i_sb->s_dev, inode->i_ino,
                 inode->i_sb->s_magic);
  return 0;
}
