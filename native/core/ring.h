// The consumer side of a BPF ring buffer, read without a system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fd.h"

namespace bpf_lsm {

// Records are copied into slabs in this form: a little header, the record, padding to 8 bytes.
struct SlabRecord {
  uint32_t size;  // bytes of the record that follow
  uint32_t reserved;
};

struct Drained {
  size_t bytes = 0;  // of the slab that were written
  size_t records = 0;
  bool more = false;  // the ring still holds records
  size_t needed = 0;  // set when the next record does not fit into an empty slab of this size
};

// The pages that the kernel shares; kept apart from Ring so that any memory can be parsed.
class RingView {
 public:
  // `data` is twice the ring's size: the ring mapped two times in a row, so that no record is split.
  RingView(uint64_t* consumer_position, const uint64_t* producer_position, std::span<const std::byte> data);

  // Moves up to `most` records into `slab`.
  Drained drain(std::span<std::byte> slab, size_t most);
  // Bytes between consumer and producer, headers included.
  uint64_t available() const;

 private:
  uint64_t* consumer_position_;
  const uint64_t* producer_position_;
  std::span<const std::byte> data_;
  uint64_t size_;
};

class Ring {
 public:
  // Throws EBUSY when this process already reads the ring: two readers would steal from each other.
  explicit Ring(UniqueFd map);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Pollable: readable while the ring holds a record.
  int fd() const { return map_.get(); }
  uint64_t size() const { return size_; }
  Drained drain(std::span<std::byte> slab, size_t most) { return view().drain(slab, most); }
  uint64_t available() { return view().available(); }

 private:
  RingView view();

  UniqueFd map_;
  uint32_t map_id_ = 0;
  uint64_t size_ = 0;
  Mapping consumer_, producer_;
};

}  // namespace bpf_lsm
