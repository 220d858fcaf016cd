// The pages of one CPU's perf buffer.
#pragma once

#include <linux/perf_event.h>

#include "records.h"

namespace bpf_lsm {

// Kept apart from PerfBuffer so that any memory can be parsed.
class PerfView {
 public:
  // `head` is the kernel's, where it writes next; `tail` is ours, where we read next; `data` is as long as
  // the kernel's part of the mapping, a power of two.
  PerfView(const uint64_t* head, uint64_t* tail, std::span<const std::byte> data);

  // Moves what the kernel wrote for `cpu` into `out`, until that is full.
  // Returns how many records the kernel says it had no room for.
  uint64_t drain(SlabWriter& out, uint32_t cpu);
  uint64_t available() const;

 private:
  template <typename T>
  T read(uint64_t position) const;
  void copy(uint64_t position, std::span<std::byte> to) const;

  const uint64_t* head_;
  uint64_t* tail_;
  std::span<const std::byte> data_;
};

}  // namespace bpf_lsm
