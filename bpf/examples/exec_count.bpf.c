// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts successful execve(2) calls in three ways that must agree: a global variable, a hash map by user and
 * command name, and one ring buffer event for each.
 *
 * bprm_committed_creds is the last hook of an exec: the new credentials and the new command name are in
 * force, and nothing can fail any more.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/kernel/binprm.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define FILENAME_LEN 256

struct exec_key {
  __u32 uid;
  char comm[TASK_COMM_LEN];
};

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u32 pid;
  __u32 ppid;
  __u32 uid;
  char comm[TASK_COMM_LEN];
  char filename[FILENAME_LEN]; /* as given to execve(2); a longer one is cut */
  __u32 filename_size;         /* of the part above, with its final NUL; 0: not readable */
};

EVENT_RING(events, struct event, 1024 * 1024);

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 10240);
  __type(key, struct exec_key);
  __type(value, __u64);
} execs_by_comm SEC(".maps");

/* What is counted. Each may be changed while the program is attached; with both set, both must hold. */

/* Only children of this process (a pid as the initial pid namespace numbers it; 0: of any). */
volatile __u32 target_parent = 0;
/* Only processes in this cgroup or below it (the inode number of its directory; 0: in any). */
volatile __u64 target_cgroup = 0;

volatile __u64 execs = 0;
/* Execs that execs_by_comm had no room for. */
volatile __u64 execs_not_in_map = 0;

static __always_inline void count_by_comm(const struct exec_key* key) {
  const __u64 zero = 0;
  __u64* count = bpf_map_lookup_elem(&execs_by_comm, key);

  if (!count) {
    /* Another CPU may insert the same key first: then its element is the one to count in. */
    bpf_map_update_elem(&execs_by_comm, key, &zero, BPF_NOEXIST);
    count = bpf_map_lookup_elem(&execs_by_comm, key);
  }

  if (count)
    count_one(count);
  else
    count_one(&execs_not_in_map);
}

static __always_inline void report(const struct linux_binprm* bprm, const struct exec_key* key, __u32 ppid) {
  struct event* event = event_reserve(events);
  long size;

  if (!event) return;

  event->time_ns = bpf_ktime_get_boot_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->pid = bpf_get_current_pid_tgid() >> 32;
  event->ppid = ppid;
  event->uid = key->uid;
  __builtin_memcpy(event->comm, key->comm, sizeof(event->comm));
  /* Under lockdown=confidentiality the kernel refuses this helper, and with it the program. */
  size = bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), bprm->filename);
  event->filename_size = size > 0 ? size : 0;
  event_submit(event);
}

LSM_OBSERVER(bprm_committed_creds, count_exec, const struct linux_binprm* bprm) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u32 ppid = task->real_parent->tgid;
  struct exec_key key = {};

  if (target_parent != 0 && ppid != target_parent) return;
  if (target_cgroup != 0 && !current_in_cgroup(target_cgroup)) return;

  key.uid = (__u32)bpf_get_current_uid_gid();
  bpf_get_current_comm(key.comm, sizeof(key.comm));

  count_one(&execs);
  count_by_comm(&key);
  report(bprm, &key, ppid);
}
