// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kills a program that is started with a variable of the environment it must not have, such as LD_PRELOAD,
 * before it runs its first instruction: chosen programs, and those that are set-uid or set-gid.
 *
 * The exec itself has happened by then: the caller's program is gone, and its parent sees a process that was
 * killed. In return the environment is final. A hook that could still refuse the exec would read memory that
 * other threads of the caller may change once it has looked.
 */
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/exec_env.h>
#include <bpf_lsm/kernel/binprm.h>
#include <bpf_lsm/kernel/inode.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

#include <bpf/bpf_core_read.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define SIGKILL 9
#define TEXT_SIZE 256

enum mode { MODE_AUDIT, MODE_ENFORCE };
enum reason { REASON_NONE, REASON_LISTED, REASON_SET_ID };
/* FAILED: the kernel refused the signal, as it does for the first process. */
enum verdict { VERDICT_WOULD_KILL, VERDICT_KILLED, VERDICT_FAILED };

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u32 pid;
  __u32 ppid;
  __u32 uid;
  __u32 count;     /* how often the environment has the variable */
  bool unreadable; /* the environment was not: that counts as having it */
  enum reason reason;
  enum verdict verdict;
  char comm[TASK_COMM_LEN];
  char filename[TEXT_SIZE]; /* as given to execve(2); a longer one is cut */
  char value[TEXT_SIZE];    /* the first; a longer one is cut */
};

EVENT_RING(events, struct event, 256 * 1024);

/*
 * The listed programs, each by a descriptor that is open on it. A program is known by its inode: under
 * whatever name it is started, but for as long only as something keeps the inode in memory, such as that
 * descriptor. Of a script, the program is the interpreter.
 */
struct {
  __uint(type, BPF_MAP_TYPE_INODE_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, __u32);
} listed SEC(".maps");

/* Settings. All may be changed while the program is attached; the next exec sees the change. */

volatile char forbidden_name[ENV_NAME_SIZE] = "LD_PRELOAD";
volatile enum mode mode = MODE_AUDIT;
/* Whether set-uid and set-gid programs, and those with file capabilities, are guarded without being listed.
 */
volatile bool guard_set_id = false;

/* Guarded programs that had the variable, and those of them that were killed. */
volatile __u64 seen = 0;
volatile __u64 killed = 0;

static __always_inline bool is_set_id(const struct linux_binprm* bprm, const struct inode* inode) {
  if (BPF_CORE_READ_BITFIELD(bprm, secureexec)) return true;
  if (inode->i_mode & S_ISUID) return true;
  return (inode->i_mode & S_ISGID) && (inode->i_mode & S_IXGRP);
}

static __always_inline enum reason why_guarded(const struct linux_binprm* bprm) {
  struct file* file = bprm->file;
  struct inode* inode = file ? file->f_inode : NULL;

  if (!inode) return REASON_NONE;
  if (bpf_inode_storage_get(&listed, inode, NULL, 0)) return REASON_LISTED;
  return guard_set_id && is_set_id(bprm, inode) ? REASON_SET_ID : REASON_NONE;
}

static __always_inline void report(const struct linux_binprm* bprm, const struct env_variable* variable,
                                   enum reason reason, enum verdict verdict) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct event* event = event_reserve(events);

  if (!event) return;

  event->time_ns = bpf_ktime_get_boot_ns();
  event->pid = bpf_get_current_pid_tgid() >> 32;
  event->ppid = task->real_parent->tgid;
  event->uid = (__u32)bpf_get_current_uid_gid();
  event->count = variable->count;
  event->unreadable = variable->unreadable;
  event->reason = reason;
  event->verdict = verdict;
  event->filename[0] = event->value[0] = '\0';
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), bprm->filename);
  if (variable->count != 0)
    bpf_probe_read_user_str(event->value, sizeof(event->value), (const void*)variable->value);
  event_submit(event);
}

LSM_OBSERVER_SLEEPABLE(bprm_committed_creds, guard_exec, const struct linux_binprm* bprm) {
  struct env_variable variable = {};
  enum reason reason = why_guarded(bprm);
  enum verdict verdict = VERDICT_WOULD_KILL;

  if (reason == REASON_NONE) return;

  env_find(bprm, forbidden_name, &variable);
  if (variable.count == 0 && !variable.unreadable) return;

  count_one(&seen);
  if (mode == MODE_ENFORCE) {
    /* Pending when the process comes to its first instruction, which it then never runs. */
    verdict = bpf_send_signal(SIGKILL) == 0 ? VERDICT_KILLED : VERDICT_FAILED;
    if (verdict == VERDICT_KILLED) count_one(&killed);
  }
  report(bprm, &variable, reason, verdict);
}
