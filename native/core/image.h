// Untrusted bytes, read as the structures they claim to be: nothing outside is touched, and nothing has to be
// aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace bpf_lsm {

class Image {
 public:
  explicit Image(std::span<const std::byte> bytes) : bytes_(bytes) {}

  uint64_t size() const { return bytes_.size(); }
  bool holds(uint64_t offset, uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }

  // The structure at `offset`; nothing when it would reach outside.
  template <typename T>
  std::optional<T> read(uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (!holds(offset, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  // `holds` must have said yes.
  Image part(uint64_t offset, uint64_t size) const { return Image(bytes_.subspan(offset, size)); }

  // Whether the last byte ends a text, so that every text that begins inside ends inside.
  bool ends_with_nul() const { return !bytes_.empty() && bytes_.back() == std::byte{0}; }

  // The text at `offset`, which must be inside of something that ends with NUL.
  const char* text(uint64_t offset) const { return reinterpret_cast<const char*>(bytes_.data() + offset); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace bpf_lsm
