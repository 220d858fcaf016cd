#include "seat.h"

#include <cerrno>
#include <mutex>
#include <unordered_set>

#include "error.h"

namespace bpf_lsm {

namespace {

// By map id.
std::mutex taken_lock;
std::unordered_set<uint32_t>& taken() {
  static std::unordered_set<uint32_t> ids;
  return ids;
}

}  // namespace

Seat::Seat(uint32_t map_id, const std::string& map, const char* use) : map_id_(map_id) {
  const std::lock_guard guard(taken_lock);
  if (taken().insert(map_id).second) return;
  throw Error(EBUSY, "open", "map \"" + map + "\" is already being " + use + " in this process")
      .with_map(map);
}

Seat::~Seat() {
  const std::lock_guard guard(taken_lock);
  taken().erase(map_id_);
}

}  // namespace bpf_lsm
