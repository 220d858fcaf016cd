// The producer side of a BPF user ring buffer, written without a system call.
#pragma once

#include <memory>

#include "fd.h"
#include "records.h"
#include "seat.h"

namespace bpf_lsm {

// The pages that the kernel shares; kept apart from UserRing so that any memory can be written to.
class UserRingView {
 public:
  // `data` is twice the ring's size: the ring mapped two times in a row, so that no record is split.
  UserRingView(const uint64_t* consumer_position, uint64_t* producer_position, std::span<std::byte> data);

  // Sends the first records of a slab, as many as find room, all at once. Throws E2BIG for one that never
  // will.
  size_t send(std::span<const std::byte> slab, size_t count);
  uint64_t waiting() const;

 private:
  const uint64_t* consumer_position_;
  uint64_t* producer_position_;
  std::span<std::byte> data_;
  uint64_t size_;
};

class UserRing {
 public:
  // Throws EBUSY when this process already writes to the ring.
  explicit UserRing(UniqueFd map);

  // Pollable: writable while the ring is not full.
  int fd() const { return map_.get(); }
  uint64_t size() const { return size_; }
  size_t send(std::span<const std::byte> slab, size_t count) { return view().send(slab, count); }
  uint64_t waiting() { return view().waiting(); }

 private:
  UserRingView view();

  UniqueFd map_;
  std::unique_ptr<Seat> seat_;
  uint64_t size_ = 0;
  Mapping consumer_, producer_;
};

}  // namespace bpf_lsm
