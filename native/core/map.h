// A map: what it is, and its elements one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "fd.h"

namespace bpf_lsm {

struct MapInfo {
  uint32_t id;
  std::string name, type;
  uint32_t type_number;  // enum bpf_map_type
  uint32_t key_size, value_size, max_entries, flags;
  uint32_t btf_id, key_type_id, value_type_id;
};

// What a descriptor of a map may be used for: BPF_F_RDONLY and BPF_F_WRONLY when it was opened.
enum class MapAccess { kReadWrite, kReadOnly, kWriteOnly };

class Map {
 public:
  explicit Map(UniqueFd fd);

  int fd() const { return fd_.get(); }
  const MapInfo& info() const { return info_; }
  MapAccess access() const;
  // What a value takes in a buffer: per-CPU maps carry one for every possible CPU, each padded to 8 bytes.
  size_t value_bytes() const { return value_bytes_; }

  // Keys and values must have the exact sizes; a map without keys (a queue, a bloom filter) takes empty ones.

  // False when there is no such key. A bloom filter reads the value instead of writing it.
  bool lookup(std::span<const std::byte> key, std::span<std::byte> value) const;
  // The same, and the element is gone: a key of a hash, the next value of a queue or stack.
  bool take(std::span<const std::byte> key, std::span<std::byte> value) const;
  // `flags`: BPF_ANY, BPF_NOEXIST or BPF_EXIST.
  void update(std::span<const std::byte> key, std::span<const std::byte> value, uint64_t flags) const;
  bool remove(std::span<const std::byte> key) const;
  // The key after `key`, or the first when `key` is empty; false at the end.
  bool next_key(std::span<const std::byte> key, std::span<std::byte> next) const;

  // No system call changes the content from here on; programs still do.
  void freeze();
  bool frozen() const;

  // The memory of an array made with BPF_F_MMAPABLE, which is what global variables live in. A store of
  // 1, 2, 4 or 8 aligned bytes is one store, so a running program sees the old value or the new one.
  void read_memory(size_t offset, std::span<std::byte> into);
  void write_memory(size_t offset, std::span<const std::byte> from);
  // The bytes of all elements, each padded to 8.
  size_t memory_size() const;
  // A writable mapping of the caller's own. It holds the map itself: it outlives this descriptor.
  Mapping map_memory() const;

  // A failed system call on this map.
  Error failure(int err, const char* command, const char* what) const;
  void check_size(const char* what, size_t given, size_t wanted) const;

 private:
  Mapping& memory();
  void check_mappable() const;
  void check_range(size_t offset, size_t size) const;

  UniqueFd fd_;
  MapInfo info_;
  size_t value_bytes_;
  Mapping memory_;
  bool writable_ = false;
};

// A map to make; what a map type has no use for stays 0.
struct MapDefinition {
  std::string type, name;
  uint32_t key_size = 0, value_size = 0, max_entries = 0, flags = 0;
  uint64_t extra = 0;  // map_extra: the number of hash functions of a bloom filter
  std::optional<uint32_t> numa_node;
  int inner_fd = -1;  // a map like those that a map of maps will hold
  // Where its types are described, and which they are; libbpf's way: without, if the kernel takes none for
  // the type.
  int btf_fd = -1;
  uint32_t key_type_id = 0, value_type_id = 0;
};

UniqueFd create_map(const MapDefinition& definition);

// `flags`: 0, BPF_F_RDONLY or BPF_F_WRONLY.
UniqueFd open_map_by_id(uint32_t id, uint32_t flags);

}  // namespace bpf_lsm
