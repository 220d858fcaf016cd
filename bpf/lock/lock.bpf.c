// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keeps everybody, root included, from programs, links and maps that are locked, and from the directory that
 * pins them, this object's own among them. Nobody can get a descriptor of any of it: what cannot be named
 * cannot be changed.
 *
 * Nothing is denied until ARMED is in the map. User space freezes the map then, so that it stays there.
 */
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/inode.h>
#include <bpf_lsm/kernel/mount.h>
#include <bpf_lsm/program.h>
#include <linux/magic.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define FMODE_WRITE 0x2

enum locked_kind { ARMED, LOCKED_LINK, LOCKED_PROGRAM, LOCKED_MAP, LOCKED_ATTACH_TYPE };

struct locked {
  enum locked_kind kind;
  __u32 id;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __uint(map_flags, BPF_F_RDONLY_PROG | BPF_F_NO_PREALLOC);
  __type(key, struct locked);
  __type(value, __u8);
} locked SEC(".maps");

/* The bpffs, as struct super_block numbers it, and the directory of the pins there. */
const volatile __u32 pins_device = 0;
const volatile __u64 pins_inode = 0;

static __always_inline bool is_locked(enum locked_kind kind, __u32 id) {
  struct locked what = {.kind = kind, .id = id};

  return bpf_map_lookup_elem(&locked, &what) != NULL;
}

static __always_inline bool is_armed(void) {
  return is_locked(ARMED, 0);
}

/* The attribute is union bpf_attr, in the kernel's memory by now: its first words, whatever the command. */
struct request {
  __u32 words[3];
};

LSM_PROGRAM(bpf, guard_calls, int command, const struct request* request) {
  __u32 id, attach_type;
  bool denied;

  if (!request || !is_armed()) return LSM_ALLOW;
  id = request->words[0];
  attach_type = request->words[2];
  denied = (command == BPF_LINK_GET_FD_BY_ID && is_locked(LOCKED_LINK, id)) ||
           (command == BPF_PROG_GET_FD_BY_ID && is_locked(LOCKED_PROGRAM, id)) ||
           (command == BPF_MAP_GET_FD_BY_ID && is_locked(LOCKED_MAP, id)) ||
           /* A later program on a cgroup could take a denial back. */
           ((command == BPF_LINK_CREATE || command == BPF_PROG_ATTACH || command == BPF_PROG_DETACH) &&
            is_locked(LOCKED_ATTACH_TYPE, attach_type));
  if (denied) return LSM_DENY(EPERM);
  return LSM_ALLOW;
}

/* Without a way through the directory, no pin in it can be opened, removed, renamed or made. */
LSM_PROGRAM(inode_permission, guard_pins, struct inode* inode) {
  if (inode->i_ino != pins_inode || inode->i_sb->s_dev != pins_device || !is_armed()) return LSM_ALLOW;
  return LSM_DENY(EPERM);
}

/* The last mount of a bpffs takes the pins with it. */
LSM_PROGRAM(sb_umount, guard_mount, struct vfsmount* mount) {
  struct inode* root = mount->mnt_root->d_inode;

  if (!root || root->i_sb->s_dev != pins_device || !is_armed()) return LSM_ALLOW;
  return LSM_DENY(EPERM);
}

static const char SWITCH[] = "ftrace_enabled";

/* kernel.ftrace_enabled: on 6.1 and 6.12 its 0 takes all LSM programs out of the kernel's way. */
LSM_PROGRAM(file_open, guard_switch, struct file* file) {
  char name[sizeof(SWITCH)];

  if (!(file->f_mode & FMODE_WRITE) || file->f_inode->i_sb->s_magic != PROC_SUPER_MAGIC) return LSM_ALLOW;
  if (!is_armed()) return LSM_ALLOW;
  if (bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name)))
    return LSM_ALLOW;
  for (unsigned int i = 0; i < sizeof(name); i++) {
    if (name[i] != SWITCH[i]) return LSM_ALLOW;
  }
  return LSM_DENY(EPERM);
}
