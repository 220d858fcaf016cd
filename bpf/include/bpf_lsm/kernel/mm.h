// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory areas. Like all headers of this directory: only the fields in use, found at load time in the running
 * kernel's BTF, wherever that kernel keeps them. Add the fields you need, with the kernel's names and types.
 */
#ifndef BPF_LSM_KERNEL_MM_H
#define BPF_LSM_KERNEL_MM_H

struct file;

struct mm_struct {
  unsigned long start_brk, brk, start_stack;
  struct file* exe_file; /* the program that runs in it */
} __attribute__((preserve_access_index));

struct vm_area_struct {
  unsigned long vm_start, vm_end;
  struct mm_struct* vm_mm;
  unsigned long vm_flags;
  struct file* vm_file; /* NULL: anonymous memory */
} __attribute__((preserve_access_index));

/* vm_flags: the area grows towards lower addresses, as stacks do (include/linux/mm.h). */
#define VM_WRITE 0x00000002
#define VM_EXEC 0x00000004
#define VM_SHARED 0x00000008 /* what is written there is written to the file */
#define VM_GROWSDOWN 0x00000100

#endif
