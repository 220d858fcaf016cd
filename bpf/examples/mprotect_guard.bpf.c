// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Guards the heap and the stack of chosen processes against mprotect(2): a change that asks for execution (or
 * for writing, if told so) is audited or denied.
 *
 * The heap is the area of brk(2); memory that malloc gets by mmap(2) is not part of it. The stack is the
 * initial thread's, and every other area that grows downwards; the stacks of further threads are plain
 * mappings and are not part of it.
 *
 * Nobody is guarded until target_pid or target_cgroup is set: a forgotten setting must not stop a whole
 * machine.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/counter.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/kernel/mm.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>
#include <linux/mman.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

enum mode { MODE_AUDIT, MODE_ENFORCE };
enum area { AREA_OTHER, AREA_HEAP, AREA_STACK };
enum verdict { VERDICT_WOULD_DENY, VERDICT_DENIED };

struct event {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u64 vm_start;
  __u64 vm_end;
  __u64 reqprot; /* what the process asked for */
  __u64 prot;    /* what the kernel would apply: READ_IMPLIES_EXEC may have added PROT_EXEC */
  __u32 pid;
  __u32 tid;
  __u32 uid;
  __s32 error; /* the errno the process got, or would have got */
  enum area area;
  enum verdict verdict;
  char comm[TASK_COMM_LEN];
};

EVENT_RING(events, struct event, 256 * 1024);

/* Settings. All may be changed while the program is attached; the next mprotect(2) sees the change. */

/* Who is guarded: this process (a pid as the initial pid namespace numbers it; 0: none) ... */
volatile __u32 target_pid = 0;
/* ... and the processes in this cgroup or below it (the inode number of its directory; 0: none). */
volatile __u64 target_cgroup = 0;
volatile enum mode mode = MODE_AUDIT;
/* The errno of a denial, positive. A value that is no errno stands for EPERM. */
volatile __s32 deny_errno = EPERM;
volatile bool guard_exec = true;
volatile bool guard_write = false;

/* Guarded changes that were seen, and those of them that were denied. */
volatile __u64 seen = 0;
volatile __u64 denied = 0;

static __always_inline bool current_is_target(void) {
  __u32 pid = bpf_get_current_pid_tgid() >> 32;

  return (target_pid != 0 && pid == target_pid) || current_in_cgroup(target_cgroup);
}

static __always_inline bool is_guarded_change(unsigned long prot) {
  return (guard_exec && (prot & PROT_EXEC)) || (guard_write && (prot & PROT_WRITE));
}

static __always_inline enum area area_of(struct vm_area_struct* vma) {
  struct mm_struct* mm = vma->vm_mm;

  /* Never NULL here, but the verifier of 7.3 no longer takes that for granted. */
  if (!mm) return AREA_OTHER;

  if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk) return AREA_HEAP;

  /*
   * mprotect(2) splits the area it changes, and then only one part holds start_stack: without the second
   * test, a harmless change first would take the rest of the stack out of guard.
   */
  if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack) return AREA_STACK;
  if (vma->vm_flags & VM_GROWSDOWN) return AREA_STACK;

  return AREA_OTHER;
}

static __always_inline void report(struct vm_area_struct* vma, unsigned long reqprot, unsigned long prot,
                                   enum area area, enum verdict verdict, int error) {
  __u64 pid_tgid = bpf_get_current_pid_tgid();
  struct event* event = event_reserve(events);

  if (!event) return;

  event->time_ns = bpf_ktime_get_boot_ns();
  event->cgroup = bpf_get_current_cgroup_id();
  event->vm_start = vma->vm_start;
  event->vm_end = vma->vm_end;
  event->reqprot = reqprot;
  event->prot = prot;
  event->pid = pid_tgid >> 32;
  event->tid = (__u32)pid_tgid;
  event->uid = (__u32)bpf_get_current_uid_gid();
  event->error = error;
  event->area = area;
  event->verdict = verdict;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  event_submit(event);
}

LSM_PROGRAM(file_mprotect, guard_mprotect, struct vm_area_struct* vma, unsigned long reqprot,
            unsigned long prot) {
  struct lsm_verdict denial;
  enum area area;

  if (!is_guarded_change(prot) || !current_is_target()) return LSM_ALLOW;

  area = area_of(vma);
  if (area == AREA_OTHER) return LSM_ALLOW;

  denial = lsm_deny(deny_errno);
  count_one(&seen);
  if (mode != MODE_ENFORCE) {
    report(vma, reqprot, prot, area, VERDICT_WOULD_DENY, -denial.value);
    return LSM_ALLOW;
  }

  count_one(&denied);
  report(vma, reqprot, prot, area, VERDICT_DENIED, -denial.value);
  return denial;
}
