// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is mounted where, and which directory is the root. */
#include <bpf_lsm/program.h>
#include <linux/mount.h>

#include "fact.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/*
 * Of fuse.sshfs the type is fuse: fs/filesystems.c get_fs_type() and fs/namespace.c do_new_mount(). No type
 * is longer than the piece of a name.
 */
static __noinline int meet_type(struct search* search, const char* type) {
  struct name_key key = {.directory = {.operation = search->place.operation}};
  __u32 slot = search->slot;
  void* inner = bpf_map_lookup_elem(&names, &slot);
  const struct name* name;
  bool over = false;

  if (!inner || bpf_probe_read_kernel_str(key.piece, sizeof(key.piece), type) < 0) return 0;
  for (__u32 i = 0; i < NAME_PIECE; i++) {
    if (key.piece[i] == 0 || key.piece[i] == '.') over = true;
    if (over) key.piece[i] = 0;
  }
  name = bpf_map_lookup_elem(inner, &key);
  if (name) add_pair(&search->self, &name->self);
  return 0;
}

/* @param type - NULL where there is none of its own */
static __noinline int judge_new_mount(const struct call* call, const char* type) {
  struct search search = new_search(call, OPERATION_MOUNT);
  __u64 policies = search.undecided;

  if (type && is_about_objects(call, &search)) meet_type(&search, type);
  return judge_met(call, &search, policies, 0, 0);
}

/* A function of its own, for its stack. */
static __noinline int judge_option_or_move(const struct call* call, enum operation operation) {
  return judge_plainly(call, operation, 0, 0);
}

static __always_inline int judge_place(const struct call* call, const struct path* path) {
  return judge_at(call, OPERATION_MOUNT_ON, path->dentry, path->mnt, path->dentry->d_inode);
}

/* In the order of fs/namespace.c path_mount(). How mounts propagate is one of their options. */
static __always_inline enum operation operation_of(unsigned long flags) {
  if (flags & MS_REMOUNT) return OPERATION_REMOUNT;
  if (flags & MS_BIND) return OPERATION_MOUNT;
  if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) return OPERATION_REMOUNT;
  return flags & MS_MOVE ? OPERATION_MOVE_MOUNT : OPERATION_MOUNT;
}

LSM_PROGRAM(sb_mount, judge_mount, const char* device, const struct path* path, const char* type,
            unsigned long flags) {
  enum operation operation = operation_of(flags);
  struct call call;
  int result;

  if (!begins(&call, BIT(operation) | BIT(OPERATION_MOUNT_ON))) return LSM_ALLOW;
  if (operation == OPERATION_MOUNT)
    result = judge_new_mount(&call, flags & MS_BIND ? NULL : type);
  else
    result = judge_option_or_move(&call, operation);
  if (result == 0 && operation != OPERATION_REMOUNT) result = judge_place(&call, path);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* By fsconfig(2), and by mount(2) once more. */
LSM_PROGRAM(sb_kern_mount, judge_kernel_mount, const struct super_block* super) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_MOUNT))) return LSM_ALLOW;
  result = judge_new_mount(&call, super->s_type->name);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/*
 * What is mounted nowhere yet is mounted now. Whether fsmount(2) or open_tree(2) made it cannot be told: as a
 * whole file system it has that one's type, as a directory of one it has none, like a bind mount.
 */
LSM_PROGRAM(move_mount, judge_move_mount, const struct path* from, const struct path* to) {
  struct mount* mount = mount_of(from->mnt);
  bool is_new = BPF_CORE_READ(mount, mnt_parent) == mount;
  struct super_block* super = from->dentry->d_sb;
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_MOUNT) | BIT(OPERATION_MOVE_MOUNT) | BIT(OPERATION_MOUNT_ON)))
    return LSM_ALLOW;
  if (is_new)
    result = judge_new_mount(&call, from->mnt->mnt_root == super->s_root ? super->s_type->name : NULL);
  else
    result = judge_option_or_move(&call, OPERATION_MOVE_MOUNT);
  if (result == 0) result = judge_place(&call, to);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* By fsconfig(2), and by mount(2) once more. */
LSM_PROGRAM(sb_remount, judge_remount) {
  return judge_nothing(OPERATION_REMOUNT);
}

LSM_PROGRAM(sb_umount, judge_umount) {
  return judge_nothing(OPERATION_UMOUNT);
}

LSM_PROGRAM(sb_pivotroot, judge_pivot_root) {
  return judge_nothing(OPERATION_PIVOT_ROOT);
}

LSM_PROGRAM(path_chroot, judge_chroot) {
  return judge_nothing(OPERATION_CHROOT);
}
