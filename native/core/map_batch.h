// Many elements of a map in one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "map.h"

namespace bpf_lsm {

// One step of a walk by BPF_MAP_LOOKUP_BATCH.
struct Batch {
  uint32_t count;  // elements read
  bool last;       // the walk is at its end
};

// What the kernel writes the position of a walk into: a bucket's number for hashes, a key for arrays.
size_t cursor_size(const Map& map);

// Reads the next elements; `cursor` holds the position, which `first` ignores. With `take` they are deleted
// as they are read. Empty when there is no room for the next bucket of a hash, which comes whole or not at
// all (kernel/bpf/hashtab.c __htab_map_lookup_and_delete_batch): try again with more.
std::optional<Batch> lookup_batch(const Map& map, std::span<std::byte> cursor, bool first,
                                  std::span<std::byte> keys, std::span<std::byte> values, bool take);

// Sets one key after the other. The error of one that cannot be set tells how many were set before it.
void update_batch(const Map& map, std::span<const std::byte> keys, std::span<const std::byte> values,
                  uint64_t flags);

// Deletes those of the keys that are there, and gives their number.
uint32_t delete_batch(const Map& map, std::span<const std::byte> keys);

// All elements, first the keys, then the values, of map types that the kernel does not read in batches. By
// BPF_MAP_GET_NEXT_KEY, which starts over (or ends) when the key to go on from has been deleted meanwhile: no
// key comes twice, and every key that stays is among them. A map that changes faster than it can be walked is
// an error.
std::vector<std::byte> read_all(const Map& map);

}  // namespace bpf_lsm
