// What must hold of a slab, whatever was drained into it.
#pragma once

#include <cstdlib>
#include <cstring>
#include <vector>

#include "../core/records.h"

namespace bpf_lsm::testing {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// The labels in the slab lead from its beginning exactly to the end of what was written, and name the CPU.
inline void require_whole_records(const std::vector<std::byte>& slab, const Drained& drained, uint32_t cpu) {
  size_t offset = 0;
  for (size_t i = 0; i < drained.records; i++) {
    SlabRecord label{};
    require(offset + sizeof(label) <= drained.bytes);
    std::memcpy(&label, slab.data() + offset, sizeof(label));
    require(label.cpu == cpu);
    offset += sizeof(label) + round_up_8(label.size);
  }
  require(offset == drained.bytes);
}

}  // namespace bpf_lsm::testing
