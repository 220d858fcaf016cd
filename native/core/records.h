// Records that programs send: how they lie in a slab, and what every reader of them can do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace bpf_lsm {

// Records are copied into slabs in this form: a little header, the record, padding to 8 bytes.
struct SlabRecord {
  uint32_t size;  // bytes of the record that follow
  uint32_t cpu;   // the CPU whose buffer it came from; 0 for a buffer that all CPUs share
};

struct Drained {
  size_t bytes = 0;  // of the slab that were written
  size_t records = 0;
  bool more = false;  // there are records left
  size_t needed = 0;  // set when the next record does not fit into an empty slab of this size
};

constexpr uint64_t round_up_8(uint64_t size) {
  return (size + 7) & ~uint64_t{7};
}

// Fills a slab, with no more records than wanted.
class SlabWriter {
 public:
  SlabWriter(std::span<std::byte> slab, size_t most) : slab_(slab), most_(most) {}

  // Room for a record of `size` bytes, or null: then there are more than the slab takes.
  std::byte* add(uint32_t size, uint32_t cpu) {
    const size_t takes = sizeof(SlabRecord) + round_up_8(size);
    if (drained_.records == most_ || takes > slab_.size() - drained_.bytes) {
      if (drained_.records == 0 && most_ > 0) drained_.needed = takes;
      drained_.more = true;
      return nullptr;
    }
    const SlabRecord label{.size = size, .cpu = cpu};
    std::byte* to = slab_.data() + drained_.bytes;
    std::memcpy(to, &label, sizeof(label));
    drained_.bytes += takes;
    drained_.records++;
    return to + sizeof(label);
  }

  bool empty() const { return drained_.records == 0; }
  bool full() const { return drained_.more; }
  void leave_some() { drained_.more = true; }
  const Drained& drained() const { return drained_; }

 private:
  std::span<std::byte> slab_;
  size_t most_;
  Drained drained_;
};

class RecordReader {
 public:
  RecordReader() = default;
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;
  virtual ~RecordReader() = default;

  // Pollable: readable when there may be records.
  virtual int fd() const = 0;
  // Moves up to `most` records into `slab`.
  virtual Drained drain(std::span<std::byte> slab, size_t most) = 0;
  // Bytes that wait, headers included.
  virtual uint64_t available() = 0;
};

}  // namespace bpf_lsm
