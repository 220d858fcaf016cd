// Takes the bytes of a fuzz input apart; when they run out, zeros follow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace bpf_lsm::testing {

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  template <typename T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const auto from = take_bytes(sizeof(T));
    std::memcpy(&value, from.data(), from.size());
    return value;
  }

  // A number from `least` to `most`.
  size_t between(size_t least, size_t most) { return least + take<uint32_t>() % (most - least + 1); }

  // At most so many: what is left may be less.
  std::span<const std::byte> take_bytes(size_t most) {
    const auto taken = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  std::span<const std::byte> rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

// A copy of its own on the heap, so that a read of one byte too many is seen.
inline std::vector<std::byte> copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace bpf_lsm::testing
