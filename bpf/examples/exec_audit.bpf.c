// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports every program that starts, with all of its arguments and its environment, and watches one variable
 * of the environment.
 *
 * An exec is one record of `execs`. Its strings are as long as execve(2) lets them be, so they come apart: in
 * chunks of `strings` that carry the number of their exec. An exec is reported when all of its chunks have
 * been: who reads it finds them in the other ring.
 *
 * Sleepable, for the memory that it reads may have to be fetched first.
 */
#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/events.h>
#include <bpf_lsm/exec_env.h>
#include <bpf_lsm/kernel/binprm.h>
#include <bpf_lsm/kernel/task.h>
#include <bpf_lsm/program.h>

BPF_LSM_LICENSE("Dual BSD/GPL");

#define FILENAME_SIZE 256
#define CHUNK_SIZE 1024
#define WATCHED_VALUE_SIZE 4096
/* As many chunks as execve(2) takes strings for: it stops at three quarters of 8 MiB (fs/exec.c). */
#define MAX_CHUNKS (6 * 1024 * 1024 / CHUNK_SIZE)

struct exec {
  __u64 id;      /* the number of this exec, which its chunks carry */
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u64 cgroup;
  __u32 pid;
  __u32 ppid;
  __u32 uid;
  __u32 gid;
  __u32 argc;
  __u32 envc;
  __u32 strings_size;   /* of arguments and environment, with their NULs */
  __u32 strings_sent;   /* less, when they were cut: at strings_limit, or because the ring was full */
  __u32 watched_count;  /* how often the environment has the watched variable */
  __u32 watched_size;   /* the length of its first value */
  __u32 watched_sent;   /* less, when it was longer than 4096 bytes, or because the ring was full */
  bool watched_unknown; /* some of the environment was not readable: the count may be too small */
  bool filename_cut;
  bool interp_cut;
  char comm[TASK_COMM_LEN];
  char filename[FILENAME_SIZE]; /* as given to execve(2) */
  char interp[FILENAME_SIZE];   /* the same; of a script, its interpreter */
};

enum part { PART_ALL, PART_WATCHED };

struct chunk {
  __u64 exec;
  enum part part; /* of all strings, or of the value of the watched variable */
  __u32 offset;   /* where in that part the bytes belong */
  __u32 size;     /* how many they are: the rest of the array means nothing */
  __u8 bytes[CHUNK_SIZE];
};

EVENT_RING(execs, struct exec, 512 * 1024);
EVENT_RING(strings, struct chunk, 2 * 1024 * 1024);

/* What is reported. Each may be changed while the program is attached; with both set, both must hold. */

/* Only children of this process (a pid as the initial pid namespace numbers it; 0: of any). */
volatile __u32 target_parent = 0;
/* Only processes in this cgroup or below it (the inode number of its directory; 0: in any). */
volatile __u64 target_cgroup = 0;
/* Bytes of arguments and environment that are reported of each exec at most. */
volatile __u32 strings_limit = 256 * 1024;
/* The variable to watch (empty: none). */
volatile char watched_name[ENV_NAME_SIZE] = {};

/* Execs so far, and the number of the next. */
volatile __u64 exec_count = 0;

struct range {
  __u64 exec;
  __u64 start; /* user memory */
  __u32 size;
  __u32 sent;
  enum part part;
};

static long send_chunk(__u32 index, struct range* range) {
  __u32 offset = index * CHUNK_SIZE;
  __u32 size = range->size - offset < CHUNK_SIZE ? range->size - offset : CHUNK_SIZE;
  struct chunk* chunk;

  if (offset >= range->size) return 1;
  chunk = event_reserve(strings);
  if (!chunk) return 1;

  if (bpf_copy_from_user(chunk->bytes, size, (const void*)(range->start + offset)) != 0) {
    event_discard(chunk);
    return 1;
  }
  chunk->exec = range->exec;
  chunk->part = range->part;
  chunk->offset = offset;
  chunk->size = size;
  event_submit(chunk);
  range->sent += size;
  return 0;
}

static __always_inline __u32 send(__u64 exec, enum part part, __u64 start, __u32 size) {
  struct range range = {.exec = exec, .part = part, .start = start, .size = size};

  bpf_loop(MAX_CHUNKS, send_chunk, &range, 0);
  return range.sent;
}

/* Whether the text was longer than its array. */
static __always_inline bool read_filename(char* text, const char* from) {
  char last = '\0';

  text[0] = '\0';
  if (bpf_probe_read_kernel_str(text, FILENAME_SIZE, from) < FILENAME_SIZE) return false;
  bpf_probe_read_kernel(&last, sizeof(last), from + FILENAME_SIZE - 1);
  return last != '\0';
}

static __always_inline void send_strings(struct exec* exec, const struct linux_binprm* bprm) {
  __u32 size = bprm->exec - bprm->p;

  exec->argc = bprm->argc;
  exec->envc = bprm->envc;
  exec->strings_size = size;
  exec->strings_sent = send(exec->id, PART_ALL, bprm->p, size < strings_limit ? size : strings_limit);
}

static __always_inline void send_watched(struct exec* exec, const struct linux_binprm* bprm) {
  struct env_variable watched = {};
  __u32 size;

  env_find(bprm, watched_name, &watched);
  size = watched.value_size < WATCHED_VALUE_SIZE ? watched.value_size : WATCHED_VALUE_SIZE;

  exec->watched_count = watched.count;
  exec->watched_size = watched.value_size;
  exec->watched_unknown = watched.unreadable;
  exec->watched_sent = send(exec->id, PART_WATCHED, watched.value, size);
}

LSM_OBSERVER_SLEEPABLE(bprm_committed_creds, report_exec, const struct linux_binprm* bprm) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u32 ppid = task->real_parent->tgid;
  __u64 ids = bpf_get_current_uid_gid();
  struct exec* exec;

  if (target_parent != 0 && ppid != target_parent) return;
  if (target_cgroup != 0 && !current_in_cgroup(target_cgroup)) return;

  exec = event_reserve(execs);
  if (!exec) return;

  exec->id = __sync_fetch_and_add(&exec_count, 1);
  exec->time_ns = bpf_ktime_get_boot_ns();
  exec->cgroup = bpf_get_current_cgroup_id();
  exec->pid = bpf_get_current_pid_tgid() >> 32;
  exec->ppid = ppid;
  exec->uid = (__u32)ids;
  exec->gid = ids >> 32;
  bpf_get_current_comm(exec->comm, sizeof(exec->comm));
  /* Under lockdown=confidentiality the kernel refuses the helper of these two, and with it the program. */
  exec->filename_cut = read_filename(exec->filename, bprm->filename);
  exec->interp_cut = read_filename(exec->interp, bprm->interp);
  send_strings(exec, bprm);
  send_watched(exec, bprm);
  event_submit(exec);
}
