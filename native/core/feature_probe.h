// Asks the kernel whether it knows a kind of map, or the flags of a link, by calls that leave nothing behind.
#pragma once

#include <cstdint>
#include <optional>

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

// How the kernel writes a call of a helper, one with a number as its argument, into a verified program: it
// puts the distance of the function in the place of the helper's number (kernel/bpf/verifier.c
// do_misc_fixups()). Nothing where it loads no such program or does not show its instructions. Found out on a
// program for cgroup devices.
std::optional<int32_t> translated_call(int32_t helper);

}  // namespace bpf_lsm
