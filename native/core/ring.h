// The consumer side of a BPF ring buffer, read without a system call.
#pragma once

#include <memory>

#include "fd.h"
#include "records.h"
#include "seat.h"

namespace bpf_lsm {

// The pages that the kernel shares; kept apart from Ring so that any memory can be parsed.
class RingView {
 public:
  // `data` is twice the ring's size: the ring mapped two times in a row, so that no record is split.
  RingView(uint64_t* consumer_position, const uint64_t* producer_position, std::span<const std::byte> data);

  Drained drain(std::span<std::byte> slab, size_t most);
  uint64_t available() const;

 private:
  uint64_t* consumer_position_;
  const uint64_t* producer_position_;
  std::span<const std::byte> data_;
  uint64_t size_;
};

class Ring final : public RecordReader {
 public:
  // Throws EBUSY when this process already reads the ring.
  explicit Ring(UniqueFd map);

  int fd() const override { return map_.get(); }
  Drained drain(std::span<std::byte> slab, size_t most) override { return view().drain(slab, most); }
  uint64_t available() override { return view().available(); }

 private:
  RingView view();

  UniqueFd map_;
  std::unique_ptr<Seat> seat_;
  uint64_t size_ = 0;
  Mapping consumer_, producer_;
};

}  // namespace bpf_lsm
