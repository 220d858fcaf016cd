// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the guard keeps, and who may pass: a process that has presented the token, until it lets go of it,
 * executes another program, or ends.
 */
#ifndef BPF_LSM_ENGINE_GUARD_STATE_H
#define BPF_LSM_ENGINE_GUARD_STATE_H

#include <bpf_lsm/counter.h>
#include <bpf_lsm/kernel/task.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#define GUARD_ID_BYTES 16
#define HASH_WORDS 8

struct guard {
  __u32 armed; /* nothing is denied while it is 0 */
  __s32 place; /* the descriptor of the directory, for record_place */
  __u8 id[GUARD_ID_BYTES];
  __u32 token[HASH_WORDS]; /* SHA-256 of it: whoever reads the kernel's memory learns no token */
  /* The directory with the pins, and the mount through which it is reached: struct dentry, struct mount.
   * Neither goes away as long as the guard keeps them from it. */
  __u64 dentry;
  __u64 mount;
  __u64 denied;
  __u64 wrong_tokens;
  __u64 zero; /* which the verifier does not know */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, struct guard);
} guard SEC(".maps");

enum guarded_kind { GUARDED_MAP, GUARDED_PROGRAM, GUARDED_LINK };

struct guarded {
  enum guarded_kind kind;
  __u32 id;
};

/* Nobody gets a descriptor of these. What a process makes that may pass is added at once: user space takes
 * out what is not the engine's when it is done. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, struct guarded);
  __type(value, __u8);
} guarded SEC(".maps");

/* A process that may pass, told from another that has its number later and from what it executes. */
struct holder {
  __u64 started;
  __u64 execution;
  __u64 times; /* that it presented the token and has not let go of it */
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, struct holder);
} guard_holders SEC(".maps");

/* What each thread of such a process asks bpf(2) for. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, __u32);
} guard_commands SEC(".maps");

static __always_inline struct guard* the_guard(void) {
  __u32 only = 0;

  return bpf_map_lookup_elem(&guard, &only);
}

static __always_inline struct holder* holder_of(struct task_struct* task, __u32 process) {
  struct holder* holder = bpf_map_lookup_elem(&guard_holders, &process);

  if (!holder || holder->times == 0) return NULL;
  if (holder->started != task->group_leader->start_boottime) return NULL;
  return holder->execution == task->self_exec_id ? holder : NULL;
}

static __always_inline struct holder* current_holder(void) {
  return holder_of(bpf_get_current_task_btf(), bpf_get_current_pid_tgid() >> 32);
}

/* The guard, if it keeps the current process from what is guarded; else NULL. */
static __always_inline struct guard* guard_against_current(void) {
  struct guard* guard = the_guard();

  return guard && guard->armed && !current_holder() ? guard : NULL;
}

static __always_inline bool is_guarded(enum guarded_kind kind, __u32 id) {
  struct guarded what = {.kind = kind, .id = id};

  return bpf_map_lookup_elem(&guarded, &what) != NULL;
}

#define TURN_AWAY(guard)         \
  ({                             \
    count_one(&(guard)->denied); \
    LSM_DENY(EPERM);             \
  })

#endif
