// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a program answers, in the two conventions the kernel has:
 *
 *   lsm/ and lsm.s/             0 allows, a negative errno denies
 *   lsm_cgroup/ and cgroup/...  1 allows, 0 denies
 *
 * The same number means opposite things, so each convention has a type of its own. The macros of program.h
 * expect the type that fits their section: a verdict of the other convention, or a bare number, does not
 * compile.
 */
#ifndef BPF_LSM_VERDICT_H
#define BPF_LSM_VERDICT_H

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

/* The largest errno a hook may return: MAX_ERRNO of the kernel's include/linux/err.h. */
#define LSM_MAX_ERRNO 4095

struct lsm_verdict {
  long value;
};

struct cgroup_verdict {
  long value;
};

/*
 * Keeps a verdict from the optimiser, whose arithmetic the verifier cannot follow. It has to see that lsm/
 * programs return [-4095, 0] (bpf_lsm_get_retval_range, since 6.12; 6.1 lets them return anything) and cgroup
 * programs 0 or 1. But "denied ? -1 : 0" would become a negation, after which 6.12 knows nothing about the
 * register, and "allowed ? 1 : 0" the bare byte of the bool, which for the verifier may hold anything.
 */
static __always_inline long verdict_opaque(long value) {
  asm volatile("" : "+r"(value));
  return value;
}

/*
 * The negative of an errno that may come from user space. A value that is no errno becomes -EPERM, so a
 * mistake there still denies; on 6.1 a positive one would reach callers that take it for success or a file
 * descriptor. Each bound is tested after the negation, by itself and in 64 bits: in the one register that is
 * returned, whatever instruction set clang was told to use.
 */
static __always_inline long verdict_negative_errno(int error) {
  long negative = verdict_opaque(-(long)error);

  if (negative < -LSM_MAX_ERRNO) negative = -EPERM;
  negative = verdict_opaque(negative);
  if (negative >= 0) negative = -EPERM;
  return verdict_opaque(negative);
}

/* lsm/: the operation goes on, unless another program or LSM denies it. */
#define LSM_ALLOW ((struct lsm_verdict){verdict_opaque(0)})

/* lsm/: the operation fails with this errno, a constant: LSM_DENY(EACCES). */
#define LSM_DENY(error)                                                                         \
  ({                                                                                            \
    _Static_assert((error) > 0 && (error) <= LSM_MAX_ERRNO, "LSM_DENY takes a positive errno"); \
    (struct lsm_verdict){verdict_opaque(-(error))};                                             \
  })

/* lsm/: the operation fails with an errno that is known only at run time. */
static __always_inline struct lsm_verdict lsm_deny(int error) {
  return (struct lsm_verdict){verdict_negative_errno(error)};
}

/* lsm_cgroup/ and cgroup/: the operation goes on, unless another program denies it. */
#define CGROUP_ALLOW ((struct cgroup_verdict){verdict_opaque(1)})

/* lsm_cgroup/ and cgroup/: the operation fails, with EPERM unless another program sets another errno. */
#define CGROUP_DENY ((struct cgroup_verdict){verdict_opaque(0)})

/*
 * lsm_cgroup/ and cgroup/: the operation fails with this errno. Every program of the cgroup and of its
 * ancestors still runs, and a later one may set another errno.
 */
static __always_inline struct cgroup_verdict cgroup_deny(int error) {
  bpf_set_retval(verdict_negative_errno(error));
  return CGROUP_DENY;
}

#endif
