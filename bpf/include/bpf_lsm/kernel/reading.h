// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel reads files or takes data for: the hooks kernel_read_file and kernel_load_data. */
#ifndef BPF_LSM_KERNEL_READING_H
#define BPF_LSM_KERNEL_READING_H

/* Their numbers differ between kernels, and not each has all: ask with bpf_core_enum_value(). */
enum kernel_read_file_id {
  READING_MODULE = 2,
  READING_KEXEC_IMAGE,
  READING_KEXEC_INITRAMFS,
  READING_MODULE_COMPRESSED = 7, /* Linux 6.17 */
};

enum kernel_load_data_id {
  LOADING_MODULE = 2,
  LOADING_KEXEC_IMAGE,
};

#endif
