// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory: what of files is mapped, and what becomes executable. */
#include <bpf_lsm/kernel/mm.h>
#include <bpf_lsm/program.h>
#include <linux/mman.h>

#include "files.h"

BPF_LSM_LICENSE("Dual BSD/GPL");

#define MEMORY                                                                                    \
  (BIT(OPERATION_MAP_WRITE_EXEC) | BIT(OPERATION_MAP_ANONYMOUS_EXEC) | BIT(OPERATION_MAKE_EXEC) | \
   BIT(OPERATION_EXEC_STACK) | BIT(OPERATION_EXEC_HEAP))

/* An operation that has no object: nothing but its rules without objects, and the default, say something. */
static __always_inline int judge_plain(const struct call* call, enum operation operation) {
  const struct operation_words* words = &call->generation->operations[operation];

  return conclude(call, operation, call->policies & words->relevant & ~words->defaults, 0, 0);
}

/* Those of these operations that are on memory. */
static __noinline int judge_memory(const struct call* call, __u64 operations) {
  int result = 0;

  for (__u32 operation = OPERATION_MAP_WRITE_EXEC; operation <= OPERATION_EXEC_HEAP; operation++) {
    if (operations & BIT(operation)) result = judge_plain(call, operation);
    if (result != 0) break;
  }
  return result;
}

struct mapping {
  struct call call;
  const struct path* path;
  __u64 operations;
  int result;
};

/* The operations on a file that is mapped, one after the other. */
#define ON_MAPPED_FILES \
  (OPERATION_READ | OPERATION_MAP_EXEC << 8 | (__u32)OPERATION_WRITE << 16 | (__u32)OPERATION_APPEND << 24)

/* Not where it is called: what it has on the stack is not there while objects are followed to the top. */
static __noinline bool begins_apart(struct call* call, __u64 operations) {
  return begins(call, operations);
}

static long judge_next(__u32 index, struct mapping* mapping) {
  __u32 operation = ON_MAPPED_FILES >> index % 4 * 8 & 0xff;

  if (mapping->operations >> operation & 1) {
    const struct path* path = mapping->path;
    struct dentry* dentry = path->dentry;

    mapping->result = judge_at(&mapping->call, operation, dentry, path->mnt, dentry->d_inode);
  }
  return mapping->result != 0;
}

/*
 * The path that was opened. What is mapped of an overlay is the file that it has opened beneath: the area
 * gets that one in fs/overlayfs/file.c ovl_mmap(), since 6.8 in fs/backing-file.c backing_file_mmap().
 * mmap(2) asks before, mprotect(2) and remap_file_pages(2) afterwards.
 *
 * FMODE_BACKING, by which the kernel tells such a file, is bit 25 at first, and bit 24 since 6.14 and in late
 * 6.12.y, where bit 25 is FMODE_NONOTIFY. FMODE_NOACCOUNT, which such a file has too (fs/file_table.c
 * alloc_empty_backing_file()), is bit 29 in all of them; the others that have it are never mapped. Where a
 * kernel has given that bit to other files, there is no path behind them, and the file's own is taken.
 */
static __always_inline const struct path* path_opened(const struct file* file) {
  const struct path* path = &file->f_path;

  if (!has_path_of_layer()) return path;
  if (file->f_mode & FMODE_NOACCOUNT) {
    const struct path* above = &TYPED(struct backing_file, (void*)file)->user_path;
    const struct super_block* super = above->dentry->d_sb;

    if (super && super == above->mnt->mnt_sb) path = above;
  }
  /* Of one type, whichever it is: the verifier goes through what follows once. */
  return TYPED(struct path, (void*)path);
}

/*
 * Those of these operations that are on the file that is mapped. By bpf_loop(), for whose step it is unknown
 * which one it is: the verifier goes through it once, and not for each of them.
 */
static __always_inline int judge_mapped(struct mapping* mapping, __u64 operations, const struct file* file) {
  mapping->path = path_opened(file);
  /* Unknown too: Linux 6.1 checks the step with the values of the first round only. */
  mapping->operations = operations | mapping->call.zero;
  mapping->result = mapping->call.zero;
  bpf_loop(4, judge_next, mapping, 0);
  return mapping->result;
}

static __always_inline __u64 writing_to(const struct file* file) {
  return file->f_flags & O_APPEND ? BIT(OPERATION_WRITE) | BIT(OPERATION_APPEND) : BIT(OPERATION_WRITE);
}

/*
 * Whatever is mapped can be read, now or after an mprotect(2) that asks nobody about reading; but of what
 * execve(2) has opened, the kernel reads what it executes (fs/exec.c do_open_execat()).
 */
static __always_inline __u64 mapping_of(const struct file* file, unsigned long prot, unsigned long flags) {
  __u64 operations = 0;

  if (!is_of_files(file)) return 0;
  if (!(file->f_flags & FMODE_EXEC)) operations |= BIT(OPERATION_READ);
  if (prot & PROT_EXEC) operations |= BIT(OPERATION_MAP_EXEC);
  /* MAP_SHARED, or MAP_SHARED_VALIDATE, which has its bit. */
  if (prot & PROT_WRITE && flags & MAP_SHARED) operations |= writing_to(file);
  return operations;
}

/*
 * The file is NULL for anonymous memory. The verifier of 6.4 up to 7.2 takes it for a pointer that never is,
 * and drops what tests it (reg_not_null() in kernel/bpf/verifier.c): so the word itself is looked at.
 */
LSM_PROGRAM(mmap_file, judge_mmap, struct file* file, unsigned long asked, unsigned long prot,
            unsigned long flags) {
  __u64 operations = 0, address = 0;
  struct mapping mapping;
  int result = 0;

  if (!begins_apart(&mapping.call, MEMORY | BIT(OPERATION_READ) | BIT(OPERATION_WRITE) |
                                       BIT(OPERATION_APPEND) | BIT(OPERATION_MAP_EXEC)))
    return LSM_ALLOW;
  bpf_probe_read_kernel(&address, sizeof(address), context);
  if (prot & PROT_EXEC) {
    if (prot & PROT_WRITE) operations |= BIT(OPERATION_MAP_WRITE_EXEC);
    /* With MAP_HUGETLB there is a file that nobody sees. */
    if (address == 0 || flags & MAP_ANONYMOUS) operations |= BIT(OPERATION_MAP_ANONYMOUS_EXEC);
  }
  if (operations != 0) result = judge_memory(&mapping.call, operations);
  if (result == 0 && address != 0 && file && !(flags & MAP_ANONYMOUS))
    result = judge_mapped(&mapping, mapping_of(file, prot, flags), file);
  return result ? lsm_deny(-result) : LSM_ALLOW;
}

/* As the kernel sees it in mm/vma.h vma_is_initial_heap() and vma_is_initial_stack(); a change in the midst
 * of the stack leaves parts of it without its start, which still grow downwards. */
static __always_inline __u64 area_of(const struct vm_area_struct* vma) {
  const struct mm_struct* mm = vma->vm_mm;

  /* Never NULL here, but the verifier of 7.3 no longer takes that for granted. */
  if (!mm) return 0;
  if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk) return BIT(OPERATION_EXEC_HEAP);
  if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack) return BIT(OPERATION_EXEC_STACK);
  return vma->vm_flags & VM_GROWSDOWN ? BIT(OPERATION_EXEC_STACK) : 0;
}

/* What the memory becomes that it was not. */
LSM_PROGRAM(file_mprotect, judge_mprotect, struct vm_area_struct* vma, unsigned long asked,
            unsigned long prot) {
  const struct file* file = vma->vm_file;
  unsigned long had = vma->vm_flags;
  bool executes = prot & PROT_EXEC && !(had & VM_EXEC);
  bool writes = prot & PROT_WRITE && !(had & VM_WRITE);
  __u64 operations = 0;
  struct mapping mapping;
  int result = 0;

  if (!executes && !writes) return LSM_ALLOW;
  if (!begins_apart(&mapping.call,
                    MEMORY | BIT(OPERATION_WRITE) | BIT(OPERATION_APPEND) | BIT(OPERATION_MAP_EXEC)))
    return LSM_ALLOW;
  if (prot & PROT_EXEC && prot & PROT_WRITE) operations |= BIT(OPERATION_MAP_WRITE_EXEC);
  if (executes) operations |= BIT(OPERATION_MAKE_EXEC) | area_of(vma);
  if (operations != 0) result = judge_memory(&mapping.call, operations);
  if (result == 0 && file) {
    operations = executes ? BIT(OPERATION_MAP_EXEC) : 0;
    if (writes && had & VM_SHARED) operations |= writing_to(file);
    if (operations != 0 && is_of_files(file)) result = judge_mapped(&mapping, operations, file);
  }
  return result ? lsm_deny(-result) : LSM_ALLOW;
}
