// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BPF maps and programs, as the hooks bpf_map and bpf_prog get them. */
#ifndef BPF_LSM_KERNEL_BPF_H
#define BPF_LSM_KERNEL_BPF_H

#include <linux/bpf.h>

typedef struct {
  __s64 counter;
} __attribute__((preserve_access_index)) atomic64_t;

struct bpf_map {
  __u32 id;
  atomic64_t refcnt;
} __attribute__((preserve_access_index));

struct bpf_prog_aux {
  atomic64_t refcnt;
  __u32 id;
  const char* attach_func_name; /* NULL: it is loaded for no function */
} __attribute__((preserve_access_index));

struct bpf_prog {
  enum bpf_prog_type type;
  enum bpf_attach_type expected_attach_type;
  struct bpf_prog_aux* aux;
} __attribute__((preserve_access_index));

#endif
