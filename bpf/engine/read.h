// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading what the kernel has at an address that is a number by now. */
#ifndef BPF_LSM_ENGINE_READ_H
#define BPF_LSM_ENGINE_READ_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

/* kernel/bpf/helpers.c, Linux 6.2: a pointer of a type to be read through, like those that the kernel hands
 * over. Without it memory is copied. */
extern void* bpf_rdonly_cast(const void* object, __u32 type) __ksym __weak;

#define TYPED(type, pointer) ((type*)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

#define READ(type, pointer, field) \
  (&bpf_rdonly_cast ? TYPED(type, (void*)(pointer))->field : BPF_CORE_READ((const type*)(pointer), field))

#endif
