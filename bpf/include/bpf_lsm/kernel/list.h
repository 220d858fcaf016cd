// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lists of the kernel's whose head is one pointer. */
#ifndef BPF_LSM_KERNEL_LIST_H
#define BPF_LSM_KERNEL_LIST_H

struct hlist_node {
  struct hlist_node* next;
} __attribute__((preserve_access_index));

struct hlist_head {
  struct hlist_node* first;
} __attribute__((preserve_access_index));

#endif
