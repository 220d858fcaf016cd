// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attributes of files, and what devices are told to do. */
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/io_uring.h>
#include <bpf_lsm/program.h>

#include "object.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

LSM_PROGRAM(path_chmod, judge_chmod, const struct path* path) {
  return judge_path(OPERATION_CHMOD, path);
}

LSM_PROGRAM(path_chown, judge_chown, const struct path* path) {
  return judge_path(OPERATION_CHOWN, path);
}

/*
 * Of an entry of which no mount is told: it is followed up to the root of its file system, and directories
 * above where that is mounted are not met.
 */
static __noinline int judge_dentry(const struct call* call, enum operation operation,
                                   const struct dentry* dentry) {
  const struct inode* inode = dentry->d_inode;
  struct inquiry inquiry = {
      .policies = call->policies,
      .dentry = (__u64)dentry,
      .inode = inode ? inode->i_ino : 0,
      .inode_at = (__u64)inode,
      .slot = call->slot,
      .device = dentry->d_sb->s_dev,
      .operation = operation,
  };

  inquire(&inquiry);
  return conclude(call, operation, inquiry.denied, inquiry.device, inquiry.inode);
}

#define ACL_PREFIX "system.posix_acl"

/* What cannot be read counts as both. */
static __always_inline bool is_acl(const char* name) {
  char prefix[sizeof(ACL_PREFIX) - 1];

  if (bpf_probe_read_kernel(prefix, sizeof(prefix), name)) return true;
#pragma unroll
  for (__u32 i = 0; i < sizeof(prefix); i++)
    if (prefix[i] != ACL_PREFIX[i]) return false;
  return true;
}

/* Before 6.2 access control lists are attributes like others. */
static __always_inline struct lsm_verdict judge_xattr(const struct dentry* dentry, const char* name) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_XATTR) | BIT(OPERATION_ACL))) return LSM_ALLOW;
  result = judge_dentry(&call, OPERATION_XATTR, dentry);
  if (result == 0 && is_acl(name)) result = judge_dentry(&call, OPERATION_ACL, dentry);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* The first argument is another structure on each kernel. */
LSM_PROGRAM(inode_setxattr, judge_setxattr, void* mapping, struct dentry* dentry, const char* name) {
  return judge_xattr(dentry, name);
}

LSM_PROGRAM(inode_removexattr, judge_removexattr, void* mapping, struct dentry* dentry, const char* name) {
  return judge_xattr(dentry, name);
}

static __always_inline struct lsm_verdict judge_acl(const struct dentry* dentry) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_ACL))) return LSM_ALLOW;
  result = judge_dentry(&call, OPERATION_ACL, dentry);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* Linux 6.2. */
LSM_PROGRAM(inode_set_acl, judge_set_acl, void* mapping, struct dentry* dentry) {
  return judge_acl(dentry);
}

/* Linux 6.2. */
LSM_PROGRAM(inode_remove_acl, judge_remove_acl, void* mapping, struct dentry* dentry) {
  return judge_acl(dentry);
}

static __always_inline struct lsm_verdict judge_command(const struct file* file) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_IOCTL))) return LSM_ALLOW;
  result = judge_file(&call, OPERATION_IOCTL, file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

LSM_PROGRAM(file_ioctl, judge_ioctl, struct file* file) {
  return judge_command(file);
}

/* Linux 6.8, and stable kernels after it: ioctl(2) of 32-bit processes. */
LSM_PROGRAM(file_ioctl_compat, judge_compat_ioctl, struct file* file) {
  return judge_command(file);
}

/* IORING_OP_URING_CMD, in the process that asked for it or in a worker of its. */
LSM_PROGRAM(uring_cmd, judge_uring_command, struct io_uring_cmd* command) {
  return judge_command(command->file);
}
