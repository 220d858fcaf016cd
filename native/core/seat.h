// Which maps are being read, or written to as a producer, in this process.
#pragma once

#include <cstdint>
#include <string>

namespace bpf_lsm {

// The only place at a map: two readers would steal records from each other, two producers overwrite theirs.
class Seat {
 public:
  // Throws EBUSY when it is taken; `use` says what for: "read", "written to".
  Seat(uint32_t map_id, const std::string& map, const char* use);
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  uint32_t map_id_;
};

}  // namespace bpf_lsm
