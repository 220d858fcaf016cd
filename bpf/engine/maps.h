// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps that all programs of the engine share: pinned by their names. */
#ifndef BPF_LSM_ENGINE_MAPS_H
#define BPF_LSM_ENGINE_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf_lsm/events.h>

#include "layout.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, struct control);
} control SEC(".maps");

struct inner_generation {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct generation);
};

struct inner_anchors {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct anchor_key);
  __type(value, struct anchor);
};

struct inner_names {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct name_key);
  __type(value, struct name);
};

struct inner_scopes {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct scope_key);
  __type(value, __u64);
};

/* For user space only: to apply them again, together with others. */
struct inner_sources {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct source_piece);
};

struct inner_ids {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG | BPF_F_NO_PREALLOC);
  __type(key, struct id_prefix);
  __type(value, __u64);
};

struct inner_facts {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct fact_key);
  __type(value, struct pair);
};

struct inner_addresses {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
  __type(key, struct address_key);
  __type(value, __u32); /* a set of struct port_key */
};

struct inner_ports {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
  __type(key, struct port_key);
  __type(value, struct pair);
};

struct inner_unix_names {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct unix_name_key);
  __type(value, struct pair);
};

struct inner_sockets {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, struct socket_key);
  __type(value, struct pair);
};

/* How often each policy denied each operation, or would have: [policy * OPERATIONS + operation]. */
struct inner_denials {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, POLICIES* OPERATIONS);
  __type(key, __u32);
  __type(value, __u64);
};

/* For the types to be in the object's BTF: of what only inner maps have, clang tells no more than the names.
 */
struct inner_types {
  struct anchor_key anchor_key;
  struct anchor anchor;
  struct name_key name_key;
  struct name name;
  struct scope_key scope_key;
  struct id_prefix id_prefix;
  struct fact_key fact_key;
  struct address_key address_key;
  struct port_key port_key;
  struct unix_name_key unix_name_key;
  struct socket_key socket_key;
  struct decision decision;
  struct membership membership;
  struct source_piece source_piece;
};
struct inner_types inner_types __attribute__((unused));
/* Without its filter it would still be whole, and not be in .bss with all its bytes. */
__attribute__((unused)) __noinline int generation_number(const struct generation* generation) {
  return generation ? (int)generation->number : 0;
}

#define MAP_OF_GENERATIONS(name, inner)       \
  struct {                                    \
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
    __uint(max_entries, SLOTS);               \
    __uint(pinning, LIBBPF_PIN_BY_NAME);      \
    __type(key, __u32);                       \
    __array(values, struct inner);            \
  } name SEC(".maps")

MAP_OF_GENERATIONS(generations, inner_generation);
MAP_OF_GENERATIONS(anchors, inner_anchors);
MAP_OF_GENERATIONS(names, inner_names);
MAP_OF_GENERATIONS(scopes, inner_scopes);
MAP_OF_GENERATIONS(ids, inner_ids);
MAP_OF_GENERATIONS(facts, inner_facts);
MAP_OF_GENERATIONS(addresses, inner_addresses);
MAP_OF_GENERATIONS(ports, inner_ports);
MAP_OF_GENERATIONS(unix_names, inner_unix_names);
MAP_OF_GENERATIONS(sockets, inner_sockets);
MAP_OF_GENERATIONS(denials, inner_denials);
MAP_OF_GENERATIONS(sources, inner_sources);

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, int);
  __type(value, struct membership);
} memberships SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, TURNS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, struct turn);
} turns SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1024 * 1024);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(value, struct decision[0]);
} decisions SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, __u64);
} decisions_dropped SEC(".maps");

#endif
