// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules about the types of file systems: each stands at the root of a file system, just beyond it. */
#ifndef BPF_LSM_ENGINE_FILE_SYSTEM_H
#define BPF_LSM_ENGINE_FILE_SYSTEM_H

#include "read.h"
#include "search.h"

static __always_inline const struct name* find_type(void* inner, struct name_key* key, __u64 text) {
  __builtin_memset(key->piece, 0, sizeof(key->piece));
  if (bpf_probe_read_kernel_str(key->piece, sizeof(key->piece), (void*)text) < 0) return NULL;
  return bpf_map_lookup_elem(inner, key);
}

static __always_inline void apply_nearer(struct search* search, struct pair pair) {
  apply(search, &pair);
}

/*
 * What has a subtype is called by both, as /proc/mounts has it, such as fuse.sshfs (fs/proc_namespace.c
 * show_type()): rules for that are nearer than those for all of fuse. A function of its own for the verifier.
 */
__noinline int leave_file_system(struct search* search) {
  struct name_key key = {};
  const struct name* name;
  __u64 dentry, super, type, subtype;
  __u32 slot;
  void* inner;

  if (!search) return 0;
  apply_all(search);
  slot = search->slot;
  dentry = search->dentry;
  super = (__u64)READ(struct dentry, dentry, d_sb);
  inner = bpf_map_lookup_elem(&names, &slot);
  if (!inner) return 0;
  key.directory.inode = FILE_SYSTEMS;
  key.directory.device = NO_DEVICE;
  key.directory.operation = search->place.operation;
  type = (__u64)READ(struct super_block, super, s_type);
  subtype = (__u64)READ(struct super_block, super, s_subtype);
  name = find_type(inner, &key, (__u64)READ(struct file_system_type, type, name));
  if (!name) return 0;
  search->self = name->self;
  if (subtype != 0 && name->next != 0) {
    key.directory.inode = name->next;
    key.directory.device = NAME_GOES_ON;
    name = find_type(inner, &key, subtype);
    if (name) apply_nearer(search, name->self);
  }
  apply(search, &search->self);
  return 0;
}

#endif
