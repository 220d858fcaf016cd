// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unix sockets: files, by where they were bound; abstract names; and those without any. */
#ifndef BPF_LSM_ENGINE_UNIX_SOCKET_H
#define BPF_LSM_ENGINE_UNIX_SOCKET_H

#include <bpf_lsm/kernel/unix.h>

#include "address.h"
#include "inquiry.h"

/* What is before the name of an abstract one: sun_family and the NUL. */
#define BEFORE_NAME 3

static __noinline __u64 denied_for_name(const struct call* call, enum operation operation, __u64 at,
                                        __u32 length) {
  struct search search = new_search(call, operation);
  struct unix_name_key key = {.operation = operation, .length = length};
  __u64 policies = search.undecided;
  __u32 slot = call->slot;
  __u64 size = length;
  const struct pair* rules;
  void* inner;

  if (policies == 0) return 0;
  inner = bpf_map_lookup_elem(&unix_names, &slot);
  asm volatile("" : "+r"(size));
  if (!inner || size > sizeof(key.name)) return policies;
  if (bpf_probe_read_kernel(key.name, size, (void*)at)) return policies;
  rules = bpf_map_lookup_elem(inner, &key);
  if (rules) search.self = *rules;
  return denied_after(&search, call->generation, policies, WALK_AT_TOP);
}

/* A socket by its number for the verifier: that of a connection comes from another socket. */
static __noinline __u64 denied_for_unix(const struct call* call, enum operation operation, __u64 sk) {
  __u64 dentry = (__u64)READ(struct unix_sock, sk, path.dentry);
  __u64 address = (__u64)READ(struct unix_sock, sk, addr);
  __u64 name = address + bpf_core_field_offset(struct unix_address, name);
  char first = 1;
  int length;

  if (dentry) {
    struct inquiry inquiry = {};
    __u64 super = (__u64)READ(struct dentry, dentry, d_sb);
    __u64 inode = (__u64)READ(struct dentry, dentry, d_inode);

    inquiry.policies = call->policies;
    inquiry.slot = call->slot;
    inquiry.operation = operation;
    inquiry.dentry = dentry;
    inquiry.mount = (__u64)mount_of(READ(struct unix_sock, sk, path.mnt));
    inquiry.device = READ(struct super_block, super, s_dev);
    inquiry.inode = READ(struct inode, inode, i_ino);
    inquire(&inquiry);
    return inquiry.denied;
  }
  if (!address) return denied_for_family(call, operation, FAMILY_OTHER);
  length = READ(struct unix_address, address, len);
  bpf_probe_read_kernel(&first, sizeof(first), (void*)(name + BEFORE_NAME - 1));
  if (first != 0 || length < BEFORE_NAME) return denied_for_family(call, operation, FAMILY_UNCLEAR_UNIX);
  return denied_for_name(call, operation, name + BEFORE_NAME, length - BEFORE_NAME);
}

#endif
