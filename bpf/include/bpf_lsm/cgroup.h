// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the current task stands in the cgroup v2 hierarchy. */
#ifndef BPF_LSM_CGROUP_H
#define BPF_LSM_CGROUP_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

/* More levels than any hierarchy has: the walk ends at the task's own cgroup. */
#define CGROUP_WALK_LEVELS (1 << 20)

struct cgroup_walk {
  __u64 wanted;
  bool found;
};

static long cgroup_walk_step(__u32 level, struct cgroup_walk* walk) {
  __u64 id = bpf_get_current_ancestor_cgroup_id(level);

  walk->found = id == walk->wanted;
  return walk->found || id == 0;
}

/*
 * Is the current task in the cgroup with this id (the inode number of its directory) or in a descendant of
 * it? bpf_get_current_ancestor_cgroup_id() counts levels from the root down and gives 0 below the task's own
 * cgroup.
 */
static __always_inline bool current_in_cgroup(__u64 id) {
  struct cgroup_walk walk = {.wanted = id};

  if (id == 0) return false;
  if (bpf_get_current_cgroup_id() == id) return true;
  bpf_loop(CGROUP_WALK_LEVELS, cgroup_walk_step, &walk, 0);
  return walk.found;
}

#endif
