// A map: its elements by key, or its memory when it can be mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fd.h"

namespace bpf_lsm {

struct MapInfo {
  uint32_t id;
  std::string name, type;
  uint32_t key_size, value_size, max_entries, flags;
  uint32_t btf_id, key_type_id, value_type_id;
};

class Map {
 public:
  explicit Map(UniqueFd fd);

  int fd() const { return fd_.get(); }
  const MapInfo& info() const { return info_; }
  // What a value takes in a buffer: per-CPU maps carry one for every possible CPU, each padded to 8 bytes.
  size_t value_bytes() const { return value_bytes_; }

  // False when there is no such key. Buffers must have the exact sizes.
  bool lookup(std::span<const std::byte> key, std::span<std::byte> value) const;
  // `flags`: BPF_ANY, BPF_NOEXIST or BPF_EXIST.
  void update(std::span<const std::byte> key, std::span<const std::byte> value, uint64_t flags) const;
  bool remove(std::span<const std::byte> key) const;
  // The key after `key`, or the first when `key` is empty; false at the end.
  bool next_key(std::span<const std::byte> key, std::span<std::byte> next) const;

  // The memory of an array map made with BPF_F_MMAPABLE, which is what global variables live in. A store of
  // 1, 2, 4 or 8 aligned bytes is one store, so a running program sees the old value or the new one.
  void read_memory(size_t offset, std::span<std::byte> into);
  void write_memory(size_t offset, std::span<const std::byte> from);

 private:
  void check_size(const char* what, size_t given, size_t wanted) const;
  Mapping& memory();
  void check_range(size_t offset, size_t size);

  UniqueFd fd_;
  MapInfo info_;
  size_t value_bytes_;
  Mapping memory_;
  bool writable_ = false;
};

}  // namespace bpf_lsm
