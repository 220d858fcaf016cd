// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the policies say of an object, from the nearest rule to the farthest: the object itself, by its inode
 * and by its name in its directory, which are equally near; then the directories from it upward.
 */
#ifndef BPF_LSM_ENGINE_SEARCH_H
#define BPF_LSM_ENGINE_SEARCH_H

#include <bpf_lsm/kernel/dentry.h>

#include <bpf/bpf_core_read.h>

#include "generation.h"

struct search {
  __u64 undecided; /* policies */
  __u64 allowed;
  /* Read, but not applied yet: another name for the same file or directory may be as near. */
  struct pair self, below;
  /* What is known without a way up: nearer than all directories, farther than the object by its place. */
  struct pair facts;
  __u32 below_depth;
  __u32 slot;
  /* The file or directory that was come to, and the one beneath it, from where. */
  struct anchor_key place;
  __u64 child;
  /* Where the rest of the way begins, or the root of the last file system that was left. */
  __u64 dentry, mount;
  __u32 depth; /* 0: the object itself */
  __u32 typed; /* whether there are rules about the types of file systems */
};

/* Rules that are equally near: where one denies, a policy denies. */
static __always_inline void add_pair(struct pair* to, const struct pair* from) {
  __u64 denied = (to->mentions & ~to->allows) | (from->mentions & ~from->allows);

  to->mentions |= from->mentions;
  to->allows = to->mentions & ~denied;
}

static __always_inline void apply(struct search* search, struct pair* pair) {
  search->allowed |= search->undecided & pair->mentions & pair->allows;
  search->undecided &= ~pair->mentions;
  pair->mentions = 0;
  pair->allows = 0;
}

static __always_inline void apply_all(struct search* search) {
  apply(search, &search->self);
  if (search->facts.mentions != 0) apply(search, &search->facts);
  apply(search, &search->below);
}

#define NAME_PIECES ((NAME_MAX + NAME_PIECE) / NAME_PIECE)

/* The rules for a name in the directory that the key has. */
static __always_inline const struct name* find_name(__u32 slot, struct name_key* key, const unsigned char* at,
                                                    __u32 length) {
  void* inner = bpf_map_lookup_elem(&names, &slot);
  const struct name* name;

  if (!inner) return NULL;
  for (__u32 i = 0; i < NAME_PIECES; i++) {
    __u64 size = length < NAME_PIECE ? length : NAME_PIECE;

    __builtin_memset(key->piece, 0, sizeof(key->piece));
    /* Compared once more for the verifier of 6.1, which does not see that a copy of a number is bounded too.
     */
    asm volatile("" : "+r"(size));
    if (size > NAME_PIECE) return NULL;
    if (bpf_probe_read_kernel(key->piece, size, at)) return NULL;
    name = bpf_map_lookup_elem(inner, key);
    if (!name) return NULL;
    length -= size;
    if (length == 0) return name;
    if (name->next == 0) return NULL;
    key->directory.inode = name->next;
    key->directory.device = NAME_GOES_ON;
    at += NAME_PIECE;
  }
  return NULL;
}

static __always_inline void meet_name(struct search* search, struct name_key* key, __u64 child_lengths) {
  const struct dentry* child = (void*)search->child;
  const struct name* name;
  __u32 length;

  if (!child) return;
  length = BPF_CORE_READ(child, d_name.len);
  if (!((child_lengths >> (length < 63 ? length : 63)) & 1)) return;
  name = find_name(search->slot, key, BPF_CORE_READ(child, d_name.name), length);
  if (!name) return;
  if (search->depth == 1) add_pair(&search->self, &name->self);
  if (search->below_depth + 1 < search->depth) apply_all(search);
  add_pair(&search->below, &name->below);
  search->below_depth = search->depth - 1;
}

/*
 * At a file or directory of which the filter says that there may be rules. A function of its own for the
 * verifier: it is checked once, and not again for each level of each walk.
 */
__noinline int meet(struct search* search) {
  const struct anchor* anchor;
  struct name_key key;
  __u32 slot;
  void* inner;

  if (!search) return 0;
  /* On the stack: Linux 6.1 takes no key from the memory that a function was given. */
  slot = search->slot;
  key.directory = search->place;
  inner = bpf_map_lookup_elem(&anchors, &slot);
  if (!inner) return 0;
  anchor = bpf_map_lookup_elem(inner, &key.directory);
  if (!anchor) return 0;
  if (search->depth == 0) {
    search->self = anchor->self;
    search->below = anchor->below;
    return 0;
  }
  if (anchor->child_lengths != 0) meet_name(search, &key, anchor->child_lengths);
  apply_all(search);
  search->below = anchor->below;
  search->below_depth = search->depth;
  return 0;
}

#endif
