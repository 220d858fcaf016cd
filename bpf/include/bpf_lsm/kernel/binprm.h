// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that is about to be executed. */
#ifndef BPF_LSM_KERNEL_BINPRM_H
#define BPF_LSM_KERNEL_BINPRM_H

#include <bpf_lsm/kernel/file.h>

struct linux_binprm {
  unsigned long p; /* user memory: the first argument */
  /* Set when the kernel has the loader distrust the environment. Read it by BPF_CORE_READ_BITFIELD. */
  unsigned int secureexec : 1;
  struct file* file; /* what is loaded: of a script, its interpreter */
  int argc, envc;
  const char* filename; /* as execve(2) was given it */
  const char* interp;   /* the same; of a script, its interpreter */
  unsigned long exec;   /* user memory: the end of the last variable of the environment */
} __attribute__((preserve_access_index));

#endif
