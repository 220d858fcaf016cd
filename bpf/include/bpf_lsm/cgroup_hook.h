// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program for a hook of some cgroups, whichever way the running kernel can carry it:
 *
 *   CGROUP_HOOK(socket_connect, deny_connect, struct socket* socket, struct sockaddr* address) {
 *     return LSM_DENY(EPERM);
 *   }
 *
 * One body becomes two programs:
 *
 *   <name>         lsm_cgroup/<hook>, which the kernel runs for the cgroups it is attached to and for those
 *                  below them. On one machine ten hooks can have such programs at a time (CGROUP_LSM_NUM of
 *                  include/linux/bpf-cgroup-defs.h).
 *   <name>_gated   lsm/<hook>, which the kernel runs for every task, and which lets all pass that are in none
 *                  of the cgroups in the map <name>_gate, nor below one. It is loaded when it is needed.
 *
 * Both go by the cgroup of the current task, also on hooks of sockets: so does lsm_cgroup/ on Linux 6.1 to
 * 7.3 (kernel/bpf/bpf_lsm.c bpf_lsm_find_cgroup_shim()). To go by the cgroup that a socket was made in, which
 * stays the same when another task uses it:
 *
 *   CGROUP_SOCKET_HOOK(socket_bind, deny_bind, socket->sk, struct socket* socket) { ... }
 *
 * That becomes one program, <name> in lsm/<hook>, with the map <name>_socket_gate.
 *
 * The body answers as lsm/ programs do, with LSM_ALLOW or LSM_DENY(errno), whatever carries it. In
 * lsm_cgroup/ all programs of the cgroup and of those above it run, whatever the others answer; in lsm/ the
 * first denial ends it. What denies does so in both.
 *
 *   CGROUP_HOOK                  the body returns struct lsm_verdict
 *   CGROUP_HOOK_OBSERVER         for hooks without a result; the body returns nothing
 *   CGROUP_SOCKET_HOOK           as CGROUP_HOOK, by the cgroup of a socket
 *   CGROUP_SOCKET_HOOK_OBSERVER  the same, for hooks without a result
 */
#ifndef BPF_LSM_CGROUP_HOOK_H
#define BPF_LSM_CGROUP_HOOK_H

#include <bpf_lsm/cgroup.h>
#include <bpf_lsm/kernel/cgroup.h>
#include <bpf_lsm/kernel/socket.h>
#include <bpf_lsm/program.h>

/* How many cgroups a gate has room for; user space may change it before the load. */
#define CGROUP_HOOK_GATE_ENTRIES 4096

/*
 * How far up a gate follows the cgroups above a socket's. A socket that is deeper is taken for one of a
 * cgroup in the gate: rather denied than missed.
 */
#define CGROUP_HOOK_SOCKET_LEVELS 512

#define CGROUP_HOOK(hook, name, ...) \
  CGROUP_HOOK_ENTRIES_(hook, struct lsm_verdict, CGROUP_HOOK_ANSWER_, BPF_LSM_VALUE_, name, ##__VA_ARGS__)

#define CGROUP_HOOK_OBSERVER(hook, name, ...) \
  CGROUP_HOOK_ENTRIES_(hook, void, BPF_LSM_ONE_, BPF_LSM_ZERO_, name, ##__VA_ARGS__)

#define CGROUP_SOCKET_HOOK(hook, name, sk, ...) \
  CGROUP_SOCKET_HOOK_ENTRY_(hook, struct lsm_verdict, BPF_LSM_VALUE_, name, sk, ##__VA_ARGS__)

#define CGROUP_SOCKET_HOOK_OBSERVER(hook, name, sk, ...) \
  CGROUP_SOCKET_HOOK_ENTRY_(hook, void, BPF_LSM_ZERO_, name, sk, ##__VA_ARGS__)

#define CGROUP_HOOK_ENTRIES_(hook, verdict, cgroup_answer, lsm_answer, name, ...)           \
  CGROUP_HOOK_GATE_(name##_gate);                                                           \
  static long name##_gate_step(__u32 level, bool* open) {                                   \
    __u64 id = bpf_get_current_ancestor_cgroup_id(level);                                   \
    *open = id && bpf_map_lookup_elem(&name##_gate, &id);                                   \
    return *open || !id;                                                                    \
  }                                                                                         \
  static __always_inline verdict name##_body(unsigned long long* context, ##__VA_ARGS__);   \
  _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wint-conversion\"") \
      SEC("lsm_cgroup/" #hook) int                                                          \
      name(unsigned long long* context) {                                                   \
    cgroup_answer(name##_body(BPF_LSM_WORDS_(__VA_ARGS__)));                                \
  }                                                                                         \
  SEC("?lsm/" #hook)                                                                        \
  int name##_gated(unsigned long long* context) {                                           \
    bool open = false;                                                                      \
    bpf_loop(CGROUP_WALK_LEVELS, name##_gate_step, &open, 0);                               \
    if (!open) return 0;                                                                    \
    lsm_answer(name##_body(BPF_LSM_WORDS_(__VA_ARGS__)));                                   \
  }                                                                                         \
  _Pragma("clang diagnostic pop") static __always_inline verdict name##_body(               \
      unsigned long long* context __attribute__((unused)), ##__VA_ARGS__)

#define CGROUP_SOCKET_HOOK_ENTRY_(hook, verdict, answer, name, sk, ...)                            \
  CGROUP_HOOK_GATE_(name##_socket_gate);                                                           \
  static __always_inline verdict name##_body(unsigned long long* context, ##__VA_ARGS__);          \
  _Pragma("clang diagnostic push")                                                                 \
      _Pragma("clang diagnostic ignored \"-Wint-conversion\"") static __always_inline struct sock* \
          name##_sock(unsigned long long* context, ##__VA_ARGS__) {                                \
    return sk;                                                                                     \
  }                                                                                                \
  SEC("lsm/" #hook)                                                                                \
  int name(unsigned long long* context) {                                                          \
    struct sock* of = name##_sock(BPF_LSM_WORDS_(__VA_ARGS__));                                    \
    if (!cgroup_hook_socket_is_in(&name##_socket_gate, of)) return 0;                              \
    answer(name##_body(BPF_LSM_WORDS_(__VA_ARGS__)));                                              \
  }                                                                                                \
  _Pragma("clang diagnostic pop") static __always_inline verdict name##_body(                      \
      unsigned long long* context __attribute__((unused)), ##__VA_ARGS__)

/* The cgroups a gate is open for, by their ids. */
#define CGROUP_HOOK_GATE_(map)                     \
  struct {                                         \
    __uint(type, BPF_MAP_TYPE_HASH);               \
    __uint(max_entries, CGROUP_HOOK_GATE_ENTRIES); \
    __type(key, __u64);                            \
    __type(value, __u32);                          \
    __uint(map_flags, BPF_F_NO_PREALLOC);          \
  } map SEC(".maps")

/* How an lsm/ verdict is said in lsm_cgroup/. Like cgroup_deny(), it never takes back what others deny. */
#define CGROUP_HOOK_ANSWER_(call) return cgroup_hook_answer(call)

static __always_inline long cgroup_hook_answer(struct lsm_verdict verdict) {
  if (verdict.value == 0) return CGROUP_ALLOW.value;
  return cgroup_deny(-verdict.value).value;
}

/* Is the socket one of a cgroup in the gate, or of a cgroup below one? A hook without a socket is in none. */
static __always_inline bool cgroup_hook_socket_is_in(void* gate, struct sock* sk) {
  struct cgroup* cgroup = sk ? sk->sk_cgrp_data.cgroup : NULL;
  int level;

  for (level = 0; cgroup && level < CGROUP_HOOK_SOCKET_LEVELS; level++) {
    struct cgroup_subsys_state* above = cgroup->self.parent;
    __u64 id = cgroup->kn->id;

    if (bpf_map_lookup_elem(gate, &id)) return true;
    cgroup = above ? above->cgroup : NULL;
  }
  return cgroup != NULL;
}

#endif
