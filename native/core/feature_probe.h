// Asks the kernel whether it knows a kind of map, or the flags of a link, by calls that leave nothing behind.
#pragma once

#include <cstdint>

namespace bpf_lsm {

struct MapProbe {
  uint32_t type = 0;  // enum bpf_map_type
  uint32_t key_size = 0, value_size = 0, max_entries = 0, flags = 0;
  bool typed = false;         // whether it wants BTF for key and value: an int each
  bool holds_arrays = false;  // a map of maps, here of arrays
};

// 0 when the kernel makes such a map, which is dropped at once; else an errno.
int probe_map(const MapProbe& probe);

// What the kernel says of BPF_LINK_CREATE with these flags, for a program that it takes and a cgroup that
// there is not. EBADF: it takes the flags and looks for the cgroup; EINVAL: it does not know them
// (kernel/bpf/cgroup.c cgroup_bpf_link_attach). Other errnos come from loading the program.
int probe_cgroup_link(uint32_t flags);

}  // namespace bpf_lsm
