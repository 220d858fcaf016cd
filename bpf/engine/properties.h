// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an object is, wherever it is: what it is called, whom it belongs to, whether it gives its executor
 * ids. */
#ifndef BPF_LSM_ENGINE_PROPERTIES_H
#define BPF_LSM_ENGINE_PROPERTIES_H

#include "walk.h"

static __always_inline void meet_name_anywhere(struct search* search, __u32 slot, void* inner, __u64 dentry) {
  struct name_key key = {};
  const struct anchor* anchor;
  const struct name* name;
  __u32 length;

  key.directory.inode = ANYWHERE;
  key.directory.device = NO_DEVICE;
  key.directory.operation = search->place.operation;
  anchor = bpf_map_lookup_elem(inner, &key.directory);
  if (!anchor) return;
  length = READ(struct dentry, dentry, d_name.len);
  if (!((anchor->child_lengths >> (length < 63 ? length : 63)) & 1)) return;
  name = find_name(slot, &key, READ(struct dentry, dentry, d_name.name), length);
  if (name) search->facts = name->self;
}

/* Equally near, and farther than the name. */
static __always_inline void meet_attributes(struct search* search, __u32 slot, void* inner, __u64 inode) {
  struct generation* generation = generation_in(slot);
  struct anchor_key key = {.device = OWNED_BY};
  const struct anchor* anchor;
  struct pair said = {};
  __u16 mode = READ(struct inode, inode, i_mode);

  key.inode = READ(struct inode, inode, i_uid.val);
  key.operation = search->place.operation;
  if (generation && (mode & S_ISUID || (mode & S_ISGID && mode & S_IXGRP)))
    said = generation->operations[key.operation % OPERATIONS].set_id;
  anchor = bpf_map_lookup_elem(inner, &key);
  if (anchor) add_pair(&said, &anchor->self);
  said.mentions &= ~search->facts.mentions;
  search->facts.allows |= said.mentions & said.allows;
  search->facts.mentions |= said.mentions;
}

/*
 * The search is given with the address of the entry as `child`, and that of the inode in place of its number;
 * what is not there yet has none. A function of its own for the verifier.
 */
__noinline int meet_facts(struct search* search) {
  __u32 slot;
  __u64 inode;
  void* inner;

  if (!search) return 0;
  slot = search->slot;
  inode = search->place.inode;
  inner = bpf_map_lookup_elem(&anchors, &slot);
  if (!inner) return 0;
  meet_name_anywhere(search, slot, inner, search->child);
  if (inode != 0) meet_attributes(search, slot, inner, inode);
  search->child = 0;
  search->place.inode = 0;
  return 0;
}

#endif
