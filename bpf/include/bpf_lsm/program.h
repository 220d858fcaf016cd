// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Declares a program together with its hook, so that the section, the arguments and the kind of verdict
 * belong together:
 *
 *   LSM_PROGRAM(inode_mkdir, no_new_directories, struct inode* dir, struct dentry* dentry) {
 *     return LSM_DENY(EPERM);
 *   }
 *
 * The arguments are those of the kernel's bpf_lsm_<hook>, in its order; trailing ones may be left out. They
 * differ between kernel versions for some hooks: `bpftool btf dump file /sys/kernel/btf/vmlinux` shows the
 * running kernel's.
 *
 *   LSM_PROGRAM             lsm/         returns struct lsm_verdict
 *   LSM_PROGRAM_SLEEPABLE   lsm.s/       the same, on a hook that may sleep
 *   LSM_OBSERVER            lsm/         for hooks without a result; returns nothing
 *   LSM_OBSERVER_SLEEPABLE  lsm.s/       the same, on a hook that may sleep
 *   LSM_CGROUP_PROGRAM      lsm_cgroup/  returns struct cgroup_verdict
 *   LSM_CGROUP_OBSERVER     lsm_cgroup/  for hooks without a result; returns nothing
 *   CGROUP_PROGRAM          cgroup/      returns struct cgroup_verdict; its one argument is the context
 */
#ifndef BPF_LSM_PROGRAM_H
#define BPF_LSM_PROGRAM_H

#include <bpf_lsm/verdict.h>

/* The kernel refuses LSM programs whose licence is not compatible with the GPL (bpf_lsm_verify_prog). */
#define BPF_LSM_LICENSE(text) char _license[] SEC("license") = text

#define LSM_PROGRAM(hook, name, ...) \
  BPF_LSM_ENTRY_("lsm/" #hook, struct lsm_verdict, BPF_LSM_VALUE_, name, ##__VA_ARGS__)

#define LSM_PROGRAM_SLEEPABLE(hook, name, ...) \
  BPF_LSM_ENTRY_("lsm.s/" #hook, struct lsm_verdict, BPF_LSM_VALUE_, name, ##__VA_ARGS__)

#define LSM_OBSERVER(hook, name, ...) BPF_LSM_ENTRY_("lsm/" #hook, void, BPF_LSM_ZERO_, name, ##__VA_ARGS__)

#define LSM_OBSERVER_SLEEPABLE(hook, name, ...) \
  BPF_LSM_ENTRY_("lsm.s/" #hook, void, BPF_LSM_ZERO_, name, ##__VA_ARGS__)

#define LSM_CGROUP_PROGRAM(hook, name, ...) \
  BPF_LSM_ENTRY_("lsm_cgroup/" #hook, struct cgroup_verdict, BPF_LSM_VALUE_, name, ##__VA_ARGS__)

/* The verifier wants exactly 1 from an lsm_cgroup/ program on a hook without a result. */
#define LSM_CGROUP_OBSERVER(hook, name, ...) \
  BPF_LSM_ENTRY_("lsm_cgroup/" #hook, void, BPF_LSM_ONE_, name, ##__VA_ARGS__)

#define CGROUP_PROGRAM(attach_point, name, context_argument)                  \
  static __always_inline struct cgroup_verdict name##_body(context_argument); \
  SEC("cgroup/" #attach_point)                                                \
  int name(void* context) {                                                   \
    return name##_body(context).value;                                        \
  }                                                                           \
  static __always_inline struct cgroup_verdict name##_body(context_argument)

/* How the body's answer becomes the program's return value. */
#define BPF_LSM_VALUE_(call) return (call).value
#define BPF_LSM_ZERO_(call) \
  call;                     \
  return 0
#define BPF_LSM_ONE_(call) \
  call;                    \
  return 1

/*
 * An LSM program's context is an array of 64-bit words, one for each argument of the hook. The casts below
 * pass them to a body with proper parameters; an integer parameter takes the word by an implicit conversion.
 */
#define BPF_LSM_ENTRY_(section, verdict, answer, name, ...)                                       \
  static __always_inline verdict name##_body(unsigned long long* context, ##__VA_ARGS__);         \
  SEC(section)                                                                                    \
  int name(unsigned long long* context) {                                                         \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wint-conversion\"")     \
        answer(name##_body(BPF_LSM_WORDS_(__VA_ARGS__)));                                         \
    _Pragma("clang diagnostic pop")                                                               \
  }                                                                                               \
  static __always_inline verdict name##_body(unsigned long long* context __attribute__((unused)), \
                                             ##__VA_ARGS__)

#define BPF_LSM_WORDS_(...) BPF_LSM_JOIN_(BPF_LSM_WORDS_, BPF_LSM_COUNT_(__VA_ARGS__))
#define BPF_LSM_WORDS_0 context
#define BPF_LSM_WORDS_1 BPF_LSM_WORDS_0, (void*)context[0]
#define BPF_LSM_WORDS_2 BPF_LSM_WORDS_1, (void*)context[1]
#define BPF_LSM_WORDS_3 BPF_LSM_WORDS_2, (void*)context[2]
#define BPF_LSM_WORDS_4 BPF_LSM_WORDS_3, (void*)context[3]
#define BPF_LSM_WORDS_5 BPF_LSM_WORDS_4, (void*)context[4]
#define BPF_LSM_WORDS_6 BPF_LSM_WORDS_5, (void*)context[5]
#define BPF_LSM_WORDS_7 BPF_LSM_WORDS_6, (void*)context[6]
#define BPF_LSM_WORDS_8 BPF_LSM_WORDS_7, (void*)context[7]

#define BPF_LSM_COUNT_(...) BPF_LSM_NINTH_(_, ##__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define BPF_LSM_NINTH_(_, a, b, c, d, e, f, g, h, count, ...) count
#define BPF_LSM_JOIN_(left, right) BPF_LSM_JOIN_EXPANDED_(left, right)
#define BPF_LSM_JOIN_EXPANDED_(left, right) left##right

#endif
