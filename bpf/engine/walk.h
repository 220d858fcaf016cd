// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From an object up to the top of everything: through its file system to that one's root, not only to the
 * root of a bind mount, then on from where it is mounted. There is no lock: a rename meanwhile is judged by
 * itself.
 *
 * A directory that something is mounted on counts by its name only, since its inode is hidden. The root file
 * system that the system's is mounted over (fs/namespace.c init_mount_tree()) is not visited.
 */
#ifndef BPF_LSM_ENGINE_WALK_H
#define BPF_LSM_ENGINE_WALK_H

#include <bpf_lsm/kernel/inode.h>
#include <bpf_lsm/kernel/mount.h>

#include "file_system.h"

/* Levels by a plain loop, which is faster, and which the verifier goes through round by round; then by
 * bpf_loop(), at most so many (BPF_MAX_LOOPS). */
#define LEVELS 16
#define MAX_LEVELS (1 << 23)

/* A plain mix of numbers that differ in their low bits: the highest bits of the product are the index. */
#define FILTER_FACTOR 0x9e3779b97f4a7c15ULL

static __always_inline __u64 filter_seed(__u32 device, enum operation operation) {
  return ((__u64)device << 38) + ((__u64)operation << 32);
}

static __always_inline bool filter_has(const struct generation* generation, __u64 seed, __u64 inode) {
  __u64 bit = (inode + seed) * FILTER_FACTOR >> (64 - FILTER_BITS);

  return (generation->filter[bit >> 3] >> (bit & 7)) & 1;
}

enum walk_end { WALK_GOES_ON, WALK_AT_TOP, WALK_LOST };

struct long_walk {
  struct search* search;
  struct generation* generation;
  enum walk_end end;
};

static long walk_step(__u32 level, struct long_walk* walk) {
  struct search* search = walk->search;
  __u64 dentry = search->dentry;
  __u64 parent = (__u64)READ(struct dentry, dentry, d_parent);
  __u64 number = search->place.inode;

  if (search->depth != 0) {
    __u64 inode = (__u64)READ(struct dentry, dentry, d_inode);

    number = READ(struct inode, inode, i_ino);
  }
  if (filter_has(walk->generation, filter_seed(search->place.device, search->place.operation), number)) {
    search->place.inode = number;
    meet(search);
    if (search->undecided == 0) {
      walk->end = WALK_AT_TOP;
      return 1;
    }
  }
  search->depth++;
  search->child = dentry;
  if (parent != dentry) {
    search->dentry = parent;
    return 0;
  }
  {
    __u64 super = (__u64)READ(struct dentry, dentry, d_sb);
    __u64 mount = search->mount;
    __u64 above = (__u64)READ(struct mount, mount, mnt_parent);
    __u32 device;

    if (dentry != (__u64)READ(struct super_block, super, s_root)) {
      walk->end = READ(struct super_block, super, s_flags) & SB_NOUSER ? WALK_AT_TOP : WALK_LOST;
      return 1;
    }
    if (above == mount) {
      walk->end = WALK_AT_TOP;
      return 1;
    }
    dentry = (__u64)READ(struct mount, mount, mnt_mountpoint);
    parent = (__u64)READ(struct dentry, dentry, d_parent);
    if (parent == dentry && (__u64)READ(struct mount, above, mnt_parent) == above) {
      walk->end = WALK_AT_TOP;
      return 1;
    }
    super = (__u64)READ(struct dentry, dentry, d_sb);
    device = READ(struct super_block, super, s_dev);
    if (device != search->place.device && search->typed) leave_file_system(search);
    search->place.device = device;
    search->dentry = parent;
    search->mount = above;
    search->child = parent != dentry ? dentry : 0;
  }
  return 0;
}

/*
 * The rest of a walk, with pointers that are numbers. A function of its own for the verifier, which checks it
 * once, and not for each walk that may come to it; and which knows nothing of the search: Linux 6.1 checks
 * the step once, with the values of the first round, and drops what these do not lead to.
 */
__noinline int walk_rest(struct search* search) {
  struct long_walk walk = {.search = search, .end = WALK_GOES_ON};

  if (!search) return WALK_LOST;
  walk.generation = generation_in(search->slot);
  if (!walk.generation) return WALK_LOST;
  bpf_loop(MAX_LEVELS, walk_step, &walk, 0);
  return walk.end == WALK_GOES_ON ? WALK_LOST : walk.end;
}

/* The inode is the number of that of the object itself: where the walk begins farther up it is looked for. */
static __always_inline enum walk_end walk_on(struct search* search, __u64 dentry, __u64 mount, __u32 device,
                                             __u64 inode) {
  search->dentry = dentry;
  search->mount = mount;
  search->place.device = device;
  search->place.inode = inode;
  return walk_rest(search);
}

/*
 * Searches all there is to find about an object. Its inode is told apart from its entry: of something that is
 * about to be renamed, the inode goes with the new name.
 */
static __always_inline enum walk_end walk(struct search* search, struct generation* generation,
                                          struct dentry* dentry, struct vfsmount* mnt, struct inode* inode) {
  enum operation operation = search->place.operation;
  __u32 device = dentry->d_sb->s_dev;
  __u64 seed = filter_seed(device, operation);

  for (__u32 level = 0; level < LEVELS; level++) {
    __u64 number = inode ? inode->i_ino : 0;
    struct dentry* parent;

    if (filter_has(generation, seed, number)) {
      search->place.inode = number;
      search->place.device = device;
      search->depth = level;
      meet(search);
      if (search->undecided == 0) return WALK_AT_TOP;
    }
    parent = dentry->d_parent;
    if (parent != dentry) {
      search->child = (__u64)dentry;
      dentry = parent;
    } else {
      struct super_block* super = dentry->d_sb;
      struct mount *mount, *above;

      search->dentry = (__u64)dentry;
      if (dentry != mnt->mnt_root && dentry != super->s_root)
        return super->s_flags & SB_NOUSER ? WALK_AT_TOP : WALK_LOST;
      if (!&bpf_rdonly_cast) {
        mount = mount_of(mnt);
        above = BPF_CORE_READ(mount, mnt_parent);
        if (above == mount) return WALK_AT_TOP;
        dentry = BPF_CORE_READ(mount, mnt_mountpoint);
        search->depth = level + 1;
        search->child = 0;
        number = BPF_CORE_READ(dentry, d_sb, s_dev);
        if (number != device && search->typed) leave_file_system(search);
        return walk_on(search, (__u64)dentry, (__u64)above, number, 0);
      }
      mount = TYPED(struct mount, mount_of(mnt));
      above = mount->mnt_parent;
      if (above == mount) return WALK_AT_TOP;
      dentry = mount->mnt_mountpoint;
      parent = dentry->d_parent;
      if (parent == dentry && above->mnt_parent == above) return WALK_AT_TOP;
      mnt = (struct vfsmount*)((void*)above + bpf_core_field_offset(struct mount, mnt));
      if (dentry->d_sb->s_dev != device && search->typed) leave_file_system(search);
      device = dentry->d_sb->s_dev;
      seed = filter_seed(device, operation);
      search->child = 0;
      if (parent != dentry) {
        search->child = (__u64)dentry;
        dentry = parent;
      }
    }
    inode = dentry->d_inode;
  }
  search->depth = LEVELS;
  return walk_on(search, (__u64)dentry, (__u64)mount_of(mnt), device, 0);
}

#endif
