// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports when the file of a running program loses a name, by unlink(2) or because rename(2) puts another
 * file in its place, as malware does to hide and as updates do to programs that ought to be started again.
 * Denies it if told so: to the program itself, or to everyone.
 *
 * Whether a file is a running program is the kernel's own count: an address space holds writers off the file
 * of its program for as long as it lives (set_mm_exe_file), which is why writing to it fails with ETXTBSY.
 * A few kernels between 6.11 and 6.13 did without that for a while, so check_own_program lets user space ask
 * the running one.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/kernel/dentry.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/inode.h>
#include <bpf_lsm/kernel/mm.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>
#include <stdbool.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* Whom the loss of a name is denied: nobody, the program that would lose its own, everyone. */
enum deny { DENY_NOBODY, DENY_ITSELF, DENY_EVERYONE };
/* How the file loses a name. rename(2) with RENAME_EXCHANGE is not told apart: there it gets another one. */
enum loss { LOSS_UNLINKED, LOSS_REPLACED };
enum verdict { VERDICT_ALLOWED, VERDICT_DENIED };

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u64 inode;
  __u32 pid; /* who takes the name away */
  __u32 uid;
  __u32 links;   /* how many names the file has, this one included */
  __u32 running; /* how many address spaces run it */
  bool itself;   /* the program takes its own name */
  enum loss loss;
  enum verdict verdict;
  char comm[TASK_COMM_LEN];
  char name[NAME_MAX + 1];
};

EVENT_RING(events, struct event, 256 * 1024);

/* Settings. All may be changed while the programs are attached; the next call sees the change. */

volatile enum deny deny = DENY_NOBODY;
/* Only what processes in this cgroup or below it do (the inode number of its directory; 0: in any). */
volatile __u64 target_cgroup = 0;

/* Names of running programs that were to be taken away, and those of them that were denied. */
volatile __u64 seen = 0;
volatile __u64 denied = 0;

static __always_inline struct inode* own_program(void) {
  struct task_struct* task = bpf_get_current_task_btf();
  struct mm_struct* mm = task->mm;
  struct file* program = mm ? mm->exe_file : NULL;

  return program ? program->f_inode : NULL;
}

static __always_inline void report(const struct dentry* dentry, const struct inode* inode, enum loss loss,
                                   bool itself, enum verdict verdict) {
  struct event* event = event_reserve(events);

  if (!event) return;

  event->time_ns = bpf_ktime_get_boot_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->inode = inode->i_ino;
  event->pid = bpf_get_current_pid_tgid() >> 32;
  event->uid = (__u32)bpf_get_current_uid_gid();
  event->links = inode->i_nlink;
  event->running = -inode->i_writecount.counter;
  event->itself = itself;
  event->loss = loss;
  event->verdict = verdict;
  event->name[0] = '\0';
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  /* Under lockdown=confidentiality the kernel refuses this helper, and with it the programs. */
  bpf_probe_read_kernel_str(event->name, sizeof(event->name), dentry->d_name.name);
  event_submit(event);
}

static __always_inline struct lsm_verdict judge(const struct dentry* dentry, enum loss loss) {
  struct inode* inode = dentry->d_inode;
  bool itself;

  /* A rename to a name that is not in use yet replaces nothing. */
  if (!inode || inode->i_writecount.counter >= 0) return LSM_ALLOW;
  if (target_cgroup != 0 && !current_in_cgroup(target_cgroup)) return LSM_ALLOW;

  itself = own_program() == inode;
  count_one(&seen);
  if (deny == DENY_EVERYONE || (deny == DENY_ITSELF && itself)) {
    count_one(&denied);
    report(dentry, inode, loss, itself, VERDICT_DENIED);
    return LSM_DENY(EPERM);
  }
  report(dentry, inode, loss, itself, VERDICT_ALLOWED);
  return LSM_ALLOW;
}

LSM_PROGRAM(inode_unlink, judge_unlink, struct inode* directory, struct dentry* dentry) {
  return judge(dentry, LOSS_UNLINKED);
}

LSM_PROGRAM(inode_rename, judge_rename, struct inode* old_directory, struct dentry* old_dentry,
            struct inode* new_directory, struct dentry* new_dentry) {
  return judge(new_dentry, LOSS_REPLACED);
}

/* Run by user space (BPF_PROG_TEST_RUN): 1 if this kernel holds writers off the program that calls, else 0.
 */
SEC("syscall")
int check_own_program(void* context) {
  struct inode* inode = own_program();

  return inode && inode->i_writecount.counter < 0;
}
