// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The way to the pins: from their directory up to the root, through the mounts that it leads over. Asked for
 * anew at each call, so that it does not matter what was mounted and moved before, and in which peer groups
 * these mounts are by now (mount_setattr(2) changes that, and asks nobody).
 */
#ifndef BPF_LSM_ENGINE_GUARD_MOUNTS_H
#define BPF_LSM_ENGINE_GUARD_MOUNTS_H

#include <bpf_lsm/kernel/mount.h>

#include "guard_state.h"

/* A way that is longer, or has more mounts to look at, is taken for one that is hidden. */
#define STEPS 8192

/* Masters of masters: of more, a mount is taken to get the events. */
#define MASTERS 4

/* Copied, so that it is a number for the verifier too, which else tells all kinds of pointers apart. */
#define NUMBER_AT(type, pointer, field) ((__u64)BPF_CORE_READ((const type*)(pointer), field))

static __always_inline __u64 parent_of(__u64 mount) {
  return NUMBER_AT(struct mount, mount, mnt_parent);
}

/* Whether what is mounted on one mount is mounted on another too: fs/pnode.c propagate_mnt(). */
static __noinline bool events_reach(__u64 mount, __u64 other) {
  __u64 group = NUMBER_AT(struct mount, mount, mnt_group_id);

  if (mount == other) return true;
  if (group == 0) return false;
  for (__u32 i = 0; i < MASTERS; i++) {
    if (group == NUMBER_AT(struct mount, other, mnt_group_id)) return true;
    other = NUMBER_AT(struct mount, other, mnt_master);
    if (other == 0) return false;
  }
  return true;
}

/* Where on the way something is: `dentry` 0 for any place on the mount. */
struct place_on_way {
  __u64 mount;
  __u64 dentry;
  __u64 at_mount;
  __u64 at_dentry;
  __u64 found;
};

static long look_on_way(__u32 step, struct place_on_way* place) {
  __u64 mount = place->at_mount;
  __u64 dentry = place->at_dentry;

  if (place->dentry == 0 ? mount == place->mount
                         : dentry == place->dentry && events_reach(place->mount, mount)) {
    place->found = 1;
    return 1;
  }
  if (dentry != NUMBER_AT(struct mount, mount, mnt.mnt_root)) {
    place->at_dentry = NUMBER_AT(struct dentry, dentry, d_parent);
    return 0;
  }
  place->at_mount = parent_of(mount);
  place->at_dentry = NUMBER_AT(struct mount, mount, mnt_mountpoint);
  if (place->at_mount != mount) return 0;
  place->found = 0;
  return 1;
}

#define NOT_TOLD 2

static __noinline bool is_on_way(const struct guard* guard, __u64 mount, __u64 dentry) {
  struct place_on_way place = {
      .mount = mount,
      .dentry = dentry,
      .at_mount = guard->mount,
      .at_dentry = guard->dentry,
      .found = NOT_TOLD,
  };

  bpf_loop(STEPS, look_on_way, &place, 0);
  return place.found != 0;
}

/*
 * Whether the end of a mount, with all that is mounted on it, is the end of a mount on the way: by itself, or
 * because it is shared (fs/pnode.c propagate_umount()). For each mount on the way: is anything mounted at its
 * place on a peer of its parent, and is that, or the peer, among what ends? A peer that does not show the
 * place, and one that has nothing mounted on it, do not matter; what exactly is mounted there is not asked.
 */
enum hunt_phase { AT_PEER, UP_TO_ROOT, UP_TO_UNMOUNTED };

struct hunt {
  __u64 unmounted;
  __u64 child; /* the mount on the way */
  __u64 ring;  /* its parent, or a master of that */
  __u64 peer;
  __u64 at; /* a dentry or a mount, on the way up */
  enum hunt_phase phase;
  __u32
      zero; /* for phases to be unknown to the verifier, which else goes through all of them in each round */
  __u32 found;
};

static __always_inline long to_next_mount(struct hunt* hunt, __u64 child) {
  __u64 parent = parent_of(child);

  if (parent == child) {
    hunt->found = 0;
    return 1;
  }
  hunt->child = child;
  hunt->ring = parent;
  hunt->peer = parent;
  return 0;
}

static __always_inline long to_next_peer(struct hunt* hunt) {
  __u64 offset = bpf_core_field_offset(struct mount, mnt_share);
  __u64 ring = hunt->ring;
  __u64 peer = hunt->peer;
  __u64 master;

  peer = NUMBER_AT(struct mount, peer, mnt_share.next) - offset;
  hunt->phase = AT_PEER;
  hunt->peer = peer;
  if (peer != ring) return 0;
  master = NUMBER_AT(struct mount, ring, mnt_master);
  if (master == 0) return to_next_mount(hunt, parent_of(hunt->child));
  hunt->ring = master;
  hunt->peer = master;
  return 0;
}

static long hunt_step(__u32 step, struct hunt* hunt) {
  __u64 unmounted = hunt->unmounted;
  __u64 child = hunt->child;
  __u64 peer = hunt->peer;
  __u64 at = hunt->at;
  __u64 place = NUMBER_AT(struct mount, child, mnt_mountpoint);
  __u64 above;

  switch (hunt->phase) {
    case AT_PEER:
      if (parent_of(unmounted) == peer && NUMBER_AT(struct mount, unmounted, mnt_mountpoint) == place) {
        hunt->found = 1;
        return 1;
      }
      if (NUMBER_AT(struct mount, peer, mnt_mounts.next) ==
          peer + bpf_core_field_offset(struct mount, mnt_mounts))
        return to_next_peer(hunt);
      hunt->at = place;
      hunt->phase = UP_TO_ROOT;
      return 0;
    case UP_TO_ROOT:
      if (at == NUMBER_AT(struct mount, peer, mnt.mnt_root)) {
        hunt->at = peer;
        hunt->phase = UP_TO_UNMOUNTED;
        return 0;
      }
      above = NUMBER_AT(struct dentry, at, d_parent);
      break;
    default:
      if (at == unmounted) {
        hunt->found = 1;
        return 1;
      }
      above = parent_of(at);
  }
  if (above == at) return to_next_peer(hunt);
  hunt->at = above;
  return 0;
}

static __noinline bool ends_the_way(const struct guard* guard, const struct vfsmount* mnt) {
  struct mount* mount = mount_of(mnt);
  /* Linux 6.1 checks the step once, and drops what the values of the first round do not lead to. */
  struct hunt hunt = {.phase = guard->zero, .found = NOT_TOLD};

  /* A number from here on, for the verifier too. */
  bpf_probe_read_kernel(&hunt.unmounted, sizeof(hunt.unmounted), &mount);
  hunt.at = hunt.unmounted;
  if (to_next_mount(&hunt, guard->mount)) return false;
  bpf_loop(STEPS, hunt_step, &hunt, 0);
  return hunt.found != 0;
}

#endif
