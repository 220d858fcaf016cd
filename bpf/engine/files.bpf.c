// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening files, and changing what is in directories. */
#include <bpf_lsm/kernel/binprm.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/program.h>

#include "fact.h"
#include "files.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/* 0 or 1. As a number that is reckoned with: of each operation that the verifier can tell, it would go
 * through all that follows anew. */
static __always_inline __u32 has_bit(__u32 word, __u32 bit) {
  __u32 has = word / bit & 1;

  asm volatile("" : "+r"(has));
  return has;
}

static __always_inline struct lsm_verdict judge_opened(const struct file* file) {
  __u32 appends = has_bit(file->f_flags, O_APPEND);
  __u32 reads = has_bit(file->f_mode, FMODE_READ), writes = has_bit(file->f_mode, FMODE_WRITE);
  __u32 writing = OPERATION_WRITE + appends * (OPERATION_APPEND - OPERATION_WRITE);
  __u32 first = reads * OPERATION_READ + (1 - reads) * writing;
  __u32 second = first + writes * (writing - first);
  int result;
  struct call call;

  if (!begins(&call, BIT(first) | BIT(second))) return LSM_ALLOW;
  result = judge_file(&call, first, file);
  if (result == 0 && second != first) result = judge_file(&call, second, file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* An exec opens its file too, and is judged as exec: kernel/exec.c do_open_execat(). With O_PATH nothing is
 * opened (fs/open.c do_dentry_open()). */
LSM_PROGRAM(file_open, judge_open, struct file* file) {
  if (file->f_flags & FMODE_EXEC) return LSM_ALLOW;
  return judge_opened(file);
}

/* By SCM_RIGHTS, pidfd_getfd(2) and the like: what was opened with O_PATH is neither to be read nor written.
 */
LSM_PROGRAM(file_receive, judge_receive, struct file* file) {
  if (!(file->f_mode & (FMODE_READ | FMODE_WRITE)) || !is_of_files(file)) return LSM_ALLOW;
  return judge_opened(file);
}

/* Without O_APPEND a descriptor for appending writes anywhere; a policy against appending may well mean that.
 */
LSM_PROGRAM(file_fcntl, judge_set_flags, struct file* file, unsigned int command, unsigned long flags) {
  struct call call;
  int result;

  if (command != F_SETFL || flags & O_APPEND) return LSM_ALLOW;
  if (!(file->f_flags & O_APPEND) || !(file->f_mode & FMODE_WRITE)) return LSM_ALLOW;
  if (!begins(&call, BIT(OPERATION_WRITE) | BIT(OPERATION_APPEND))) return LSM_ALLOW;
  result = judge_file(&call, OPERATION_WRITE, file);
  if (result == 0) result = judge_file(&call, OPERATION_APPEND, file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* Of memfd_create(2), of O_TMPFILE, or removed. */
static __always_inline int judge_anonymous(const struct call* call, const struct file* file) {
  struct inode* inode = file->f_inode;

  if (inode->i_nlink != 0) return 0;
  return judge_plainly(call, OPERATION_EXEC_ANONYMOUS, inode->i_sb->s_dev, inode->i_ino);
}

static __always_inline int judge_executed(const struct call* call, enum operation operation,
                                          const struct file* file) {
  return judge_file(call, operation, file);
}

/* What is asked for; since 6.14 also when it is only asked whether it may be executed (AT_EXECVE_CHECK). */
LSM_PROGRAM(bprm_creds_for_exec, judge_execution, struct linux_binprm* bprm) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_EXEC) | BIT(OPERATION_EXEC_ANONYMOUS))) return LSM_ALLOW;
  result = judge_executed(&call, OPERATION_EXEC, bprm->file);
  if (result == 0) result = judge_anonymous(&call, bprm->file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/*
 * What interprets it: the `interp` of an interpreter has been set anew, by binfmt_script or binfmt_misc
 * (fs/exec.c bprm_change_interp()). What was asked for is judged already.
 */
LSM_PROGRAM(bprm_check_security, judge_interpreter, struct linux_binprm* bprm) {
  __u64 operations = BIT(OPERATION_EXEC) | BIT(OPERATION_EXEC_INTERPRETER) | BIT(OPERATION_EXEC_ANONYMOUS);
  struct call call;
  int result;

  if (bprm->interp == bprm->filename || !begins(&call, operations)) return LSM_ALLOW;
  result = judge_executed(&call, OPERATION_EXEC, bprm->file);
  if (result == 0) result = judge_executed(&call, OPERATION_EXEC_INTERPRETER, bprm->file);
  if (result == 0) result = judge_anonymous(&call, bprm->file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

static __always_inline struct lsm_verdict judge_entry(enum operation operation, const struct path* directory,
                                                      struct dentry* dentry) {
  struct call call;
  int result;

  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  result = judge_at(&call, operation, dentry, directory->mnt, dentry->d_inode);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* Also open(2) with O_CREAT, and bind(2) of a unix socket. */
LSM_PROGRAM(path_mknod, judge_mknod, const struct path* directory, struct dentry* dentry) {
  return judge_entry(OPERATION_CREATE, directory, dentry);
}

LSM_PROGRAM(path_mkdir, judge_mkdir, const struct path* directory, struct dentry* dentry) {
  return judge_entry(OPERATION_CREATE, directory, dentry);
}

LSM_PROGRAM(path_symlink, judge_symlink, const struct path* directory, struct dentry* dentry) {
  return judge_entry(OPERATION_CREATE, directory, dentry);
}

LSM_PROGRAM(path_unlink, judge_unlink, const struct path* directory, struct dentry* dentry) {
  return judge_entry(OPERATION_REMOVE, directory, dentry);
}

LSM_PROGRAM(path_rmdir, judge_rmdir, const struct path* directory, struct dentry* dentry) {
  return judge_entry(OPERATION_REMOVE, directory, dentry);
}

/* truncate(2); before 6.2 also ftruncate(2) and O_TRUNC. */
LSM_PROGRAM(path_truncate, judge_truncate, const struct path* path) {
  return judge_path(OPERATION_TRUNCATE, path);
}

/* Linux 6.2. */
LSM_PROGRAM(file_truncate, judge_ftruncate, struct file* file) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_TRUNCATE))) return LSM_ALLOW;
  result = judge_file(&call, OPERATION_TRUNCATE, file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}
