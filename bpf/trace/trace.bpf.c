// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows the calls of one LSM hook, whichever: its arguments, what is behind them, and the answer of the BPF
 * LSM programs. It runs when bpf_lsm_<hook> returns, and never denies.
 *
 * It knows no hook and hardly any kernel structure. User space, which has the running kernel's types, says
 * before the load what to take: a list of steps, each of which follows a pointer or copies what is there into
 * the event. The steps are constants, so the verifier sees the program that they make, and no other.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/kernel/mount.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

#include <bpf/bpf_tracing.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* Arguments of a hook, in 64-bit words: six are the most that any has. */
#define MAX_WORDS 12
/* The words, and the pointers found by following them. */
#define MAX_VALUES 48
#define MAX_STEPS 64
/* For the names of a path, each with its final NUL. */
#define PATH_BYTES 1024
#define PATH_LEVELS 256
/* More than any sum of steps: the offset of a step must be bounded. */
#define MAX_EVENT (1 << 20)

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u64 failed; /* a bit for each step that found nothing to read */
  __u64 words[MAX_WORDS];
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __u32 gid;
  __s32 result;
  char comm[TASK_COMM_LEN];
  /* what the steps copy */
};

/* The names of a path, from the last to the first. */
struct path_names {
  __u32 size;
  __u32 complete; /* whether the walk came to the top */
  char names[PATH_BYTES];
};

enum step_kind {
  STEP_POINTER,     /* values[to] = *(values[from] + offset) */
  STEP_BYTES,       /* copy size bytes of values[from] + offset to the event, at to */
  STEP_STRING,      /* the same, up to a NUL */
  STEP_PATH,        /* the names of dentry values[from] in its file system, as struct path_names at to */
  STEP_MOUNTED_PATH /* the same across mounts, from vfsmount values[offset] on */
};

struct step {
  enum step_kind kind;
  __u32 from;
  __u32 offset;
  __u32 to;
  __u32 size;
};

const volatile struct step steps[MAX_STEPS] = {};
const volatile __u32 step_count = 0;
/* How many words the hook's arguments take, and whether the hook has a result. */
const volatile __u32 word_count = 0;
const volatile bool has_result = false;
/* Of an event with what the steps copy. */
const volatile __u32 event_size = sizeof(struct event);

/* Only this process (a pid as the initial pid namespace numbers it; 0: all) ... */
const volatile __u32 target_pid = 0;
/* ... and only this cgroup and those below it (the inode number of its directory; 0: all). */
const volatile __u64 target_cgroup = 0;

/* The process that looks on, which is never shown. */
volatile __u32 tracer_pid = 0;

/* Records of no declared type: their size is known only when the steps are. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} events_dropped SEC(".maps");

/* For the types to be in the object's BTF. */
struct event* event_type __attribute__((unused));
struct path_names* path_names_type __attribute__((unused));

static __always_inline __u32 current_pid(void) {
  return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline bool wanted(void) {
  __u32 pid = current_pid();

  if (pid == tracer_pid) return false;
  if (target_pid != 0 && pid != target_pid) return false;
  return target_cgroup == 0 || current_in_cgroup(target_cgroup);
}

struct path_walk {
  struct dentry* dentry;
  struct mount* mount;
  struct path_names* names;
  __u32 size;
  __u32 complete;
};

/* One name; or from the root of a mount to where it is mounted. */
static long walk_step(__u32 level, struct path_walk* walk) {
  struct dentry* dentry = walk->dentry;
  struct mount* mount = walk->mount;
  struct dentry* parent = BPF_CORE_READ(dentry, d_parent);
  const unsigned char* name = BPF_CORE_READ(dentry, d_name.name);
  __u32 at = walk->size;
  long size;

  if (mount && dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
    struct mount* above = BPF_CORE_READ(mount, mnt_parent);

    if (above == mount) {
      walk->complete = 1;
      return 1;
    }
    walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
    walk->mount = above;
    return 0;
  }

  if (!parent || parent == dentry) {
    /* With a mount this is the root of something that is mounted nowhere, or was unlinked. */
    walk->complete = parent && !mount;
    return 1;
  }

  if (at > PATH_BYTES - (NAME_MAX + 1)) return 1;
  size = bpf_probe_read_kernel_str(&walk->names->names[at], NAME_MAX + 1, name);
  if (size < 0) return 1;
  walk->size = at + size;
  walk->dentry = parent;
  return 0;
}

static __always_inline void take_path(struct path_names* names, __u64 dentry, struct mount* mount) {
  struct path_walk walk = {.dentry = (void*)dentry, .mount = mount, .names = names};

  bpf_loop(PATH_LEVELS, walk_step, &walk, 0);
  names->size = walk.size;
  names->complete = walk.complete;
}

SEC("syscall")
int look_on(void* context) {
  tracer_pid = current_pid();
  return 0;
}

SEC("fexit/bpf_lsm_file_open")
int trace_hook(__u64* context) {
  __u64 values[MAX_VALUES] = {};
  __u64 pid_tgid = bpf_get_current_pid_tgid();
  __u64 uid_gid = bpf_get_current_uid_gid();
  struct event* event;
  __u64 result = 0;
  __u64 failed = 0;
  __u32 i;

  if (!wanted()) return 0;
  event = event_reserve_or_count(&events, &events_dropped, event_size);
  if (!event) return 0;

  for (i = 0; i < MAX_WORDS; i++) {
    if (i < word_count) bpf_get_func_arg(context, i, &values[i]);
    event->words[i] = values[i];
  }
  if (has_result) bpf_get_func_ret(context, &result);

  /*
   * No step asks what became of it or of the one before: the verifier would follow both answers, each time,
   * and give up. Nothing can be read through a NULL pointer, whatever the offset.
   */
  for (i = 0; i < MAX_STEPS; i++) {
    const volatile struct step* step = &steps[i];
    __u32 from = step->from, offset = step->offset, to = step->to, size = step->size;
    long error = 0;
    void* source;

    if (i >= step_count) break;
    if (from >= MAX_VALUES || to >= MAX_EVENT) continue;
    source = (void*)values[from] + offset;
    switch (step->kind) {
      case STEP_POINTER:
        if (to < MAX_VALUES) error = bpf_probe_read_kernel(&values[to], sizeof(values[to]), source);
        break;
      case STEP_BYTES:
        error = bpf_probe_read_kernel((void*)event + to, size, source);
        break;
      case STEP_STRING:
        error = bpf_probe_read_kernel_str((void*)event + to, size, source);
        break;
      case STEP_PATH:
        take_path((void*)event + to, values[from], NULL);
        break;
      case STEP_MOUNTED_PATH:
        if (offset < MAX_VALUES) take_path((void*)event + to, values[from], mount_of((void*)values[offset]));
        break;
    }
    failed |= ((__u64)error >> 63) << i;
  }

  event->time_ns = bpf_ktime_get_boot_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->failed = failed;
  event->pid = pid_tgid >> 32;
  event->tid = (__u32)pid_tgid;
  event->uid = (__u32)uid_gid;
  event->gid = uid_gid >> 32;
  event->result = (__s32)result;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  event_submit(event);
  return 0;
}
