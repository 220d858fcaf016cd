// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What processes do to others, and what they become. Executing files is with the files. */
#include <bpf_lsm/program.h>

#include "target.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

/* include/linux/ptrace.h */
#define PTRACE_MODE_ATTACH 0x02

/* Not asked of a process that reaches for itself: kernel/ptrace.c __ptrace_may_access(). */
LSM_PROGRAM(ptrace_access_check, judge_ptrace, struct task_struct* target, unsigned int mode) {
  enum operation operation = mode & PTRACE_MODE_ATTACH ? OPERATION_PTRACE : OPERATION_PTRACE_READ;
  struct call call;
  int result;

  if (!begins(&call, BIT(operation))) return LSM_ALLOW;
  result = judge_target(&call, operation, target);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/*
 * The current task asks to be traced by its parent, which so comes to trace it: the policies of both are
 * asked, also those of which it cannot be told whether they are the parent's.
 */
LSM_PROGRAM(ptrace_traceme, judge_traceme, struct task_struct* parent) {
  struct task_struct* current = bpf_get_current_task_btf();
  struct control* control = the_control();
  const struct candidate* candidate;
  struct governed own, other;
  struct call call;
  int result;

  if (!control) return LSM_ALLOW;
  candidate = deciding(control);
  if (!((candidate->by_host | candidate->by_cgroup | candidate->by_domain) & BIT(OPERATION_PTRACE)))
    return LSM_ALLOW;
  call.slot = candidate->slot;
  call.generation = generation_in(call.slot);
  if (!call.generation) {
    count_one(&control->missing);
    return LSM_ALLOW;
  }
  own = policies_of_task(&call, current);
  other = policies_of_task(&call, parent);
  call.policies = own.by | own.unknown;
  if (call.policies & call.generation->conditional)
    call.policies = policies_that_govern(call.generation, call.slot, call.policies);
  /* Of the parent's, conditions are taken to hold. */
  call.policies |= other.by | other.unknown;
  result = judge_target(&call, OPERATION_PTRACE, current);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/*
 * Whether an argument of a hook is not NULL. Linux 6.12 takes it for granted that it is not, and removes what
 * is for the other case: it is not to know that this is a pointer.
 */
static __always_inline bool is_given(const void* argument) {
  __u64 number = 1;

  bpf_probe_read_kernel(&number, sizeof(number), &argument);
  return number != 0;
}

/*
 * Of signals that the kernel sends nobody is asked (kernel/signal.c check_kill_permission()), but of those
 * that a USB device sends for somebody else, whose credentials come along (kill_pid_usb_asyncio()): the
 * current task is any then.
 */
LSM_PROGRAM(task_kill, judge_signal, struct task_struct* target, const void* info, int number,
            const struct cred* sender) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_SIGNAL)) || is_given(sender)) return LSM_ALLOW;
  result = judge_target(&call, OPERATION_SIGNAL, target);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

LSM_PROGRAM(task_fix_setuid, judge_set_uid) {
  return judge_nothing(OPERATION_SET_UID);
}

LSM_PROGRAM(task_fix_setgid, judge_set_gid) {
  return judge_nothing(OPERATION_SET_GID);
}

LSM_PROGRAM(task_fix_setgroups, judge_set_groups) {
  return judge_nothing(OPERATION_SET_GID);
}

/*
 * Asked after the capabilities themselves: the task has it. Credentials that are not the task's own, of a
 * file's opener or of whoever mounted a file system that works on another, are judged as if they were.
 */
LSM_PROGRAM(capable, judge_capability, const struct cred* cred, const void* namespace, int capability) {
  struct call call;
  int result;

  if (!begins(&call, BIT(OPERATION_CAPABILITY))) return LSM_ALLOW;
  result = judge_fact(&call, OPERATION_CAPABILITY, FACT_CAPABILITY, (__u32)capability);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* Linux 6.1. */
LSM_PROGRAM(userns_create, judge_user_namespace) {
  return judge_nothing(OPERATION_CREATE_USER_NAMESPACE);
}
