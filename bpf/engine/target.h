// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Judging what is done to another task. */
#ifndef BPF_LSM_ENGINE_TARGET_H
#define BPF_LSM_ENGINE_TARGET_H

#include <bpf_lsm/kernel/cgroup.h>
#include <bpf_lsm/kernel/cred.h>
#include <bpf_lsm/kernel/file.h>
#include <bpf_lsm/kernel/mm.h>

#include "fact.h"

/* The policies in whose scope a task is, and those of which that could not be told. */
struct governed {
  __u64 by;
  __u64 unknown;
};

/* As policies_of_cgroup() has it for the current task. @returns whether it could be told */
static __noinline bool add_policies_of_cgroup(struct governed* governed, const struct task_struct* task,
                                              __u32 slot, __u32 levels) {
  struct cgroup* own = BPF_CORE_READ(task, cgroups, dfl_cgrp);
  int depth;

  if (!own || !bpf_core_field_exists(own->ancestors)) return false;
  depth = BPF_CORE_READ(own, level);
  for (int level = 0; level < 32; level++) {
    void* at = (void*)own + bpf_core_field_offset(struct cgroup, ancestors) + level * sizeof(own);
    struct cgroup* ancestor;
    __u64 id;

    if (levels >> level == 0 || level > depth) break;
    if (!((levels >> level) & 1)) continue;
    if (bpf_probe_read_kernel(&ancestor, sizeof(ancestor), at)) return false;
    id = BPF_CORE_READ(ancestor, kn, id);
    if (id == 0) return false;
    governed->by |= policies_for(slot, SCOPE_CGROUP, id);
  }
  return true;
}

/* What a task remembers is its own to write: here its domains are looked up each time. */
static __noinline void add_policies_of_domains(struct governed* governed, struct task_struct* task,
                                               __u32 slot, __u64 of_all) {
  bool unknown;
  const struct membership* membership = membership_of(task, &unknown);

  if (unknown) governed->unknown |= of_all & ~governed->by;
  if (!membership) return;
  for (__u32 i = 0; i < DOMAINS; i++) {
    if (i >= membership->count) break;
    governed->by |= policies_for(slot, SCOPE_DOMAIN, membership->domains[i]);
  }
}

/* What begins() finds out about the current task, of any. */
static __always_inline struct governed policies_of_task(const struct call* call, struct task_struct* task) {
  const struct generation* generation = call->generation;
  struct governed governed = {.by = generation->host};

  if (generation->by_domain) add_policies_of_domains(&governed, task, call->slot, generation->by_domain);
  if (generation->by_cgroup && !add_policies_of_cgroup(&governed, task, call->slot, generation->levels))
    governed.unknown |= generation->by_cgroup & ~governed.by;
  return governed;
}

/* Of what a rule says, what it says for the policies it matches; of those where that is unknown, denials. */
static __always_inline void add_where(struct search* search, const struct pair* pair, __u64 matching,
                                      __u64 unknown) {
  struct pair part;

  part.allows = pair->allows & matching;
  part.mentions = pair->mentions & (matching | (unknown & ~pair->allows));
  add_pair(&search->self, &part);
}

static __always_inline void meet_scope(struct search* search, const struct call* call,
                                       struct task_struct* target) {
  struct pair inside = said_of(search, FACT_TARGET_SCOPE, 1);
  struct pair outside = said_of(search, FACT_TARGET_SCOPE, 0);
  struct governed governed;

  if ((inside.mentions | outside.mentions) == 0) return;
  governed = policies_of_task(call, target);
  add_where(search, &inside, governed.by, governed.unknown);
  add_where(search, &outside, ~(governed.by | governed.unknown), governed.unknown);
}

/* The program that it runs, by its inode and by its name. Threads of the kernel run none. */
static __noinline int meet_executable(struct search* search, const struct task_struct* target) {
  struct name_key key = {.directory = {.operation = search->place.operation}};
  struct file* file = BPF_CORE_READ(target, mm, exe_file);
  struct dentry *dentry, *directory;
  const struct anchor* anchor;
  __u32 slot = search->slot;
  void* inner = bpf_map_lookup_elem(&anchors, &slot);

  if (!inner || !file) return 0;
  dentry = BPF_CORE_READ(file, f_path.dentry);
  directory = BPF_CORE_READ(dentry, d_parent);
  key.directory.device = BPF_CORE_READ(dentry, d_sb, s_dev);
  key.directory.inode = BPF_CORE_READ(file, f_inode, i_ino);
  anchor = bpf_map_lookup_elem(inner, &key.directory);
  if (anchor) add_pair(&search->self, &anchor->self);
  if (directory == dentry) return 0;
  key.directory.inode = BPF_CORE_READ(directory, d_inode, i_ino);
  anchor = bpf_map_lookup_elem(inner, &key.directory);
  if (!anchor || anchor->child_lengths == 0) return 0;
  search->child = (__u64)dentry;
  search->depth = 1;
  meet_name(search, &key, anchor->child_lengths);
  search->child = 0;
  return 0;
}

static __noinline int judge_target(const struct call* call, enum operation operation,
                                   struct task_struct* target) {
  struct search search = new_search(call, operation);
  __u64 policies = search.undecided;

  if (is_about_objects(call, &search)) {
    meet_executable(&search, target);
    meet_fact(&search, FACT_TARGET_UID, BPF_CORE_READ(target, real_cred, uid.val));
    meet_scope(&search, call, target);
  }
  return judge_met(call, &search, policies, 0, 0);
}

#endif
