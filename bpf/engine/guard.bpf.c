// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guard of the engine: keeps everybody, root included, from its maps, programs and links, from the
 * directory that they are pinned in, and from what would take that directory away or hide it. Who presents
 * the token may pass.
 *
 * No map of the engine's is given out, not even for reading: the kernel looks at what a descriptor is open
 * for only when elements are written by bpf(2). A program that is loaded with it, an iterator over its
 * elements, and a map of maps that it is put into write without asking. What everybody may read is a text:
 * report.bpf.c.
 *
 * A descriptor of a link is given out to who opens its pin: nothing can be done with that of an LSM program
 * (kernel/bpf/syscall.c bpf_tracing_link_lops has no detach and no update). To deny it would take the hook
 * inode_permission, which is called for each name of each path that anybody opens.
 */
#include <bpf_lsm/kernel/bpf.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/iter.h>
#include <bpf_lsm/program.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "guard_mounts.h"
#include "guard_state.h"
#include "guard_token.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

extern int LINUX_KERNEL_VERSION __kconfig;

#define KERNEL(major, minor) (((major) << 16) + ((minor) << 8))

/* include/uapi/linux/bpf.h, Linux 7.0: BPF_COMMON_ATTRS, a flag above all commands. */
#define BPF_COMMANDS 0xffff

/* The attribute is in the kernel's memory by now: a path or an id first, whatever the command. */
struct first_attribute {
  union {
    __u64 path;
    __u32 id;
  };
};

LSM_PROGRAM_SLEEPABLE(bpf, guard_calls, int command, union bpf_attr* attributes) {
  struct guard* guard = the_guard();
  struct first_attribute first = {};

  command &= BPF_COMMANDS;
  if (!guard || !guard->armed) return LSM_ALLOW;
  if (current_holder()) {
    __u32 thread = (__u32)bpf_get_current_pid_tgid();
    __u32 asked = command;

    /* For guard_maps and guard_programs. */
    if (bpf_map_update_elem(&guard_commands, &thread, &asked, BPF_ANY)) return LSM_DENY(ENOMEM);
  }
  if (command != BPF_OBJ_GET && command != BPF_LINK_GET_FD_BY_ID) return LSM_ALLOW;
  bpf_probe_read_kernel(&first, sizeof(first), attributes);
  if (command == BPF_OBJ_GET) {
    int error = present(first.path);

    return error ? lsm_deny(error) : LSM_ALLOW;
  }
  if (is_guarded(GUARDED_LINK, first.id) && !current_holder()) return TURN_AWAY(guard);
  return LSM_ALLOW;
}

/*
 * What is made now is guarded before anybody can have it: its number is known to all a moment before these
 * hooks are called (kernel/bpf/syscall.c bpf_map_alloc_id(), bpf_prog_alloc_id()). So it is put among what is
 * guarded, and then it is asked whether somebody was faster.
 */
static __always_inline int guard_new(enum guarded_kind kind, __u32 id, __u32 making, atomic64_t* references) {
  __u32 thread = (__u32)bpf_get_current_pid_tgid();
  struct guarded what = {.kind = kind, .id = id};
  const __u32* command = bpf_map_lookup_elem(&guard_commands, &thread);
  __u8 yes = 1;

  if (!command) return EAGAIN;
  if (*command != making) return 0;
  if (bpf_map_update_elem(&guarded, &what, &yes, BPF_ANY)) return ENOSPC;
  return references->counter > 1 ? EBUSY : 0;
}

LSM_PROGRAM(bpf_map, guard_maps, struct bpf_map* map) {
  struct guard* guard = the_guard();
  __u32 id = map->id;

  if (!guard || !guard->armed) return LSM_ALLOW;
  if (current_holder()) {
    int error = guard_new(GUARDED_MAP, id, BPF_MAP_CREATE, &map->refcnt);

    return error ? lsm_deny(error) : LSM_ALLOW;
  }
  if (is_guarded(GUARDED_MAP, id)) return TURN_AWAY(guard);
  return LSM_ALLOW;
}

static const char SECURITY[] = "security_";
static const char BPF_HOOKS[] = "bpf_lsm_bpf";

#define BEGINS_WITH(name, words)                                                         \
  ({                                                                                     \
    bool same_ = true;                                                                   \
    for (__u32 i_ = 0; i_ < sizeof(words) - 1; i_++) same_ &= (name)[i_] == (words)[i_]; \
    same_;                                                                               \
  })

/*
 * Whether a program can answer with a positive number where the kernel takes only negative ones for a denial
 * (kernel/bpf/syscall.c: bpf, bpf_map, bpf_prog), and keep all other programs there from being asked. Of a
 * function security_*, a fmod_ret/ program always can; of these three hooks, an lsm_cgroup/ program by
 * bpf_set_retval(), and an lsm/ program before the verifier looked at what it returns (6.12 does).
 */
static __always_inline bool overrules(const struct bpf_prog* program) {
  int attach_type = program->expected_attach_type;
  char name[16] = {};

  if (program->type != BPF_PROG_TYPE_TRACING && program->type != BPF_PROG_TYPE_LSM) return false;
  if (bpf_probe_read_kernel_str(name, sizeof(name), program->aux->attach_func_name) < 0) return false;
  if (attach_type == BPF_MODIFY_RETURN) return BEGINS_WITH(name, SECURITY);
  if (program->type != BPF_PROG_TYPE_LSM || !BEGINS_WITH(name, BPF_HOOKS)) return false;
  return attach_type == BPF_LSM_CGROUP || LINUX_KERNEL_VERSION < KERNEL(6, 12);
}

LSM_PROGRAM(bpf_prog, guard_programs, struct bpf_prog* program) {
  struct guard* guard = the_guard();
  struct bpf_prog_aux* aux = program->aux;
  __u32 id = aux->id;

  if (!guard || !guard->armed) return LSM_ALLOW;
  if (current_holder()) {
    int error = guard_new(GUARDED_PROGRAM, id, BPF_PROG_LOAD, &aux->refcnt);

    return error ? lsm_deny(error) : LSM_ALLOW;
  }
  if (is_guarded(GUARDED_PROGRAM, id) || overrules(program)) return TURN_AWAY(guard);
  return LSM_ALLOW;
}

#define PTRACE_MODE_ATTACH 0x2

/* Who may pass has descriptors that pidfd_getfd(2) would take, and memory with the token in it. */
LSM_PROGRAM(ptrace_access_check, guard_holders_themselves, struct task_struct* child, unsigned int mode) {
  struct guard* guard = guard_against_current();

  if (!guard || !(mode & PTRACE_MODE_ATTACH) || !holder_of(child, child->tgid)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

/* The directory of the pins, or what is in it or in a directory there. */
static __always_inline bool is_pin(const struct guard* guard, const struct dentry* dentry) {
  const struct dentry* parent = dentry->d_parent;
  const struct dentry* above = parent->d_parent;

  return (__u64)dentry == guard->dentry || (__u64)parent == guard->dentry || (__u64)above == guard->dentry;
}

#define DEPTH 64

/* Whether it is a directory that leads to the pins, on their own file system. */
static __noinline bool leads_to_pins(const struct guard* guard, __u64 dentry) {
  __u64 at = guard->dentry;

  for (__u32 i = 0; i < DEPTH; i++) {
    __u64 parent = NUMBER_AT(struct dentry, at, d_parent);

    if (at == dentry) return true;
    if (parent == at) return false;
    at = parent;
  }
  return true;
}

/* Names are not only kept: a new one could be taken for that of a program which is attached already. */
static __always_inline struct lsm_verdict guard_name(const struct dentry* dentry) {
  struct guard* guard = guard_against_current();

  if (!guard || !is_pin(guard, dentry)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

LSM_PROGRAM(inode_unlink, guard_unlink, struct inode* directory, struct dentry* dentry) {
  return guard_name(dentry);
}

LSM_PROGRAM(inode_rmdir, guard_rmdir, struct inode* directory, struct dentry* dentry) {
  return guard_name(dentry);
}

LSM_PROGRAM(inode_mkdir, guard_mkdir, struct inode* directory, struct dentry* dentry) {
  return guard_name(dentry);
}

LSM_PROGRAM(inode_symlink, guard_symlink, struct inode* directory, struct dentry* dentry) {
  return guard_name(dentry);
}

LSM_PROGRAM(inode_link, guard_link, struct dentry* from, struct inode* directory, struct dentry* to) {
  struct guard* guard = guard_against_current();

  if (!guard || !(is_pin(guard, from) || is_pin(guard, to))) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

/* What is exchanged comes here both ways. */
LSM_PROGRAM(inode_rename, guard_rename, struct inode* from_directory, struct dentry* from,
            struct inode* to_directory, struct dentry* to) {
  struct guard* guard = guard_against_current();

  if (!guard || !(is_pin(guard, from) || is_pin(guard, to) || leads_to_pins(guard, (__u64)from)))
    return LSM_ALLOW;
  return TURN_AWAY(guard);
}

/* bpf(BPF_OBJ_PIN) */
LSM_PROGRAM(path_mknod, guard_pin, const struct path* directory, struct dentry* dentry) {
  return guard_name(dentry);
}

static __always_inline bool is_in_namespace(const struct guard* guard, const struct vfsmount* mnt) {
  __u64 own = guard->mount;

  return NUMBER_AT(struct mount, mount_of(mnt), mnt_ns) == NUMBER_AT(struct mount, own, mnt_ns);
}

/* Whether what is mounted there hides pins: those of a directory that leads to them, or one of their own. */
static __always_inline bool hides_pins(const struct guard* guard, const struct path* place) {
  return is_pin(guard, place->dentry) || is_on_way(guard, (__u64)mount_of(place->mnt), (__u64)place->dentry);
}

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* What is moved by mount(2), no hook is told: nothing is, where the pins are. */
LSM_PROGRAM(sb_mount, guard_mount, const char* device, const struct path* path, const char* type,
            unsigned long flags) {
  struct guard* guard = guard_against_current();

  if (!guard || flags & MS_REMOUNT) return LSM_ALLOW;
  if (!(flags & MS_BIND)) {
    if (flags & PROPAGATION) return LSM_ALLOW;
    if (flags & MS_MOVE && is_in_namespace(guard, path->mnt)) return TURN_AWAY(guard);
  }
  if (!hides_pins(guard, path)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

LSM_PROGRAM(move_mount, guard_move_mount, const struct path* from, const struct path* to) {
  struct guard* guard = guard_against_current();

  if (!guard) return LSM_ALLOW;
  if (!is_on_way(guard, (__u64)mount_of(from->mnt), 0) && !hides_pins(guard, to)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

LSM_PROGRAM(sb_umount, guard_umount, struct vfsmount* mnt) {
  struct guard* guard = guard_against_current();

  if (!guard || !ends_the_way(guard, mnt)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

LSM_PROGRAM(sb_pivotroot, guard_pivot_root, const struct path* old_root, const struct path* new_root) {
  struct guard* guard = guard_against_current();

  if (!guard || !is_in_namespace(guard, new_root->mnt)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

static const char SWITCH[] = "ftrace_enabled";

/* kernel.ftrace_enabled: on 6.1 and 6.12 its 0 takes all LSM programs out of the kernel's way. */
LSM_PROGRAM(file_open, guard_switch, struct file* file) {
  char name[sizeof(SWITCH)] = {};
  struct guard* guard;

  if (!(file->f_mode & FMODE_WRITE) || file->f_inode->i_sb->s_magic != PROC_SUPER_MAGIC) return LSM_ALLOW;
  guard = guard_against_current();
  if (!guard) return LSM_ALLOW;
  bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
  if (!BEGINS_WITH(name, SWITCH)) return LSM_ALLOW;
  return TURN_AWAY(guard);
}

/* Where the pins are, as the kernel has it: of a descriptor of the process that walks over its own. */
SEC("iter/task_file")
int record_place(struct bpf_iter__task_file* context) {
  struct guard* guard = the_guard();
  struct file* file = context->file;

  if (!file || !guard || guard->armed || (__s32)context->fd != guard->place) return 0;
  guard->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
  guard->mount = (__u64)mount_of(BPF_CORE_READ(file, f_path.mnt));
  return 0;
}
