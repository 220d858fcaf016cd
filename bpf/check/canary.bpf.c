// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Proves that this kernel really consults an attached LSM program. An attachment that is never called
 * succeeds all the same: when bpf is not among the active LSMs, and, before 7.3, while kernel.ftrace_enabled
 * is 0.
 *
 * The check: set watch_pid to the own process, attach, call kill(getpid(), 0), and see fired rise. Signal
 * 0 to oneself changes nothing, needs no permission, and still asks the LSMs (check_kill_permission in
 * kernel/signal.c).
 */
#include <bpf_lsm/counter.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

/* The process whose calls are counted: a pid as the initial pid namespace numbers it. */
volatile __u32 watch_pid = 0;
volatile __u64 fired = 0;

static __always_inline __u32 current_pid(void) {
  return bpf_get_current_pid_tgid() >> 32;
}

LSM_PROGRAM(task_kill, canary) {
  if (current_pid() == watch_pid) count_one(&fired);
  return LSM_ALLOW;
}

/*
 * Sets watch_pid to the process that runs this program by BPF_PROG_TEST_RUN: for a process in another pid
 * namespace, which cannot know that number. Not loaded unless asked for.
 */
SEC("?syscall")
int watch_me(void* context) {
  watch_pid = current_pid();
  return 0;
}
