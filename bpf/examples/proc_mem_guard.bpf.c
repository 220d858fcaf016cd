// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports, or denies, opening /proc/<pid>/mem for writing: through it the memory of a running process is
 * changed without ptrace(2) and without regard to what is mapped read-only, its code included.
 * /proc/<pid>/task/<tid>/mem is the same file. What is open already stays open.
 *
 * process_vm_writev(2) and ptrace(2) lead to the same memory; guard_access covers these. It is a program of
 * its own, to be attached or not, because the hook it is on cannot tell writers from readers: it is asked for
 * process_vm_readv(2), and for opening /proc/<pid>/mem in any way, just the same.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/proc.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define PTRACE_MODE_ATTACH 0x02 /* include/linux/ptrace.h */

enum mode { MODE_AUDIT, MODE_ENFORCE };
enum way { WAY_PROC_MEM, WAY_ACCESS };
enum verdict { VERDICT_WOULD_DENY, VERDICT_DENIED };

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u32 pid; /* who wants to write */
  __u32 uid;
  __u32 target;     /* whose memory: a process ... */
  __u32 target_tid; /* ... by this thread of it */
  enum way way;
  enum verdict verdict;
  char comm[TASK_COMM_LEN];
};

EVENT_RING(events, struct event, 256 * 1024);

/* Settings. All may be changed while the programs are attached; the next call sees the change. */

volatile enum mode mode = MODE_AUDIT;
/* Only the memory of this process (a pid as the initial pid namespace numbers it; 0: of any). */
volatile __u32 target_pid = 0;
/* Only what processes in this cgroup or below it do (the inode number of its directory; 0: in any). */
volatile __u64 opener_cgroup = 0;
/* Whether a process may write to its own memory in this way. */
volatile bool skip_self = true;

/* Attempts that were seen, and those of them that were denied. */
volatile __u64 seen = 0;
volatile __u64 denied = 0;

static __always_inline void report(__u32 target, __u32 target_tid, enum way way, enum verdict verdict) {
  struct event* event = event_reserve(events);

  if (!event) return;

  event->time_ns = bpf_ktime_get_boot_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->pid = bpf_get_current_pid_tgid() >> 32;
  event->uid = (__u32)bpf_get_current_uid_gid();
  event->target = target;
  event->target_tid = target_tid;
  event->way = way;
  event->verdict = verdict;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  event_submit(event);
}

static __always_inline struct lsm_verdict judge(__u32 target, __u32 target_tid, enum way way) {
  __u32 pid = bpf_get_current_pid_tgid() >> 32;

  if (skip_self && target == pid) return LSM_ALLOW;
  if (target_pid != 0 && target != target_pid) return LSM_ALLOW;
  if (opener_cgroup != 0 && !current_in_cgroup(opener_cgroup)) return LSM_ALLOW;

  count_one(&seen);
  if (mode != MODE_ENFORCE) {
    report(target, target_tid, way, VERDICT_WOULD_DENY);
    return LSM_ALLOW;
  }
  count_one(&denied);
  report(target, target_tid, way, VERDICT_DENIED);
  return LSM_DENY(EPERM);
}

static __always_inline bool is_named_mem(const struct file* file) {
  const unsigned char* at = BPF_CORE_READ(file, f_path.dentry, d_name.name);
  char name[4] = {};

  /* With its NUL: a name that only begins like this is another one. */
  bpf_probe_read_kernel(name, sizeof(name), at);
  return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == '\0';
}

/* The process whose thread has this number; by the number itself if that thread has just ended. */
static __always_inline __u32 process_of(const struct pid* pid, __u32 tid) {
  const struct hlist_node* link = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);
  const struct task_struct* task;

  if (!link) return tid;
  task = (const void*)link - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID]);
  return BPF_CORE_READ(task, tgid);
}

LSM_PROGRAM(file_open, guard_proc_mem, const struct file* file) {
  const struct inode* inode = file->f_inode;
  const struct proc_inode* proc;
  const struct pid* pid;
  __u32 tid;

  if (!(file->f_mode & FMODE_WRITE)) return LSM_ALLOW;
  if (inode->i_sb->s_magic != PROC_SUPER_MAGIC || !is_named_mem(file)) return LSM_ALLOW;

  /* Reads from here on go through a helper: the verifier cannot know what is around an inode. */
  proc = (const void*)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
  pid = BPF_CORE_READ(proc, pid);
  if (!pid) return LSM_ALLOW;

  tid = BPF_CORE_READ(pid, numbers[0].nr);
  return judge(process_of(pid, tid), tid, WAY_PROC_MEM);
}

LSM_PROGRAM(ptrace_access_check, guard_access, const struct task_struct* child, unsigned int access) {
  if (!(access & PTRACE_MODE_ATTACH)) return LSM_ALLOW;
  return judge(child->tgid, child->pid, WAY_ACCESS);
}
