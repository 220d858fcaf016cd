// Fixed-size text as the kernel's structures carry it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace bpf_lsm {

// A name in a fixed array, NUL-terminated unless it fills the array.
template <size_t Size>
std::string fixed_text(const char (&name)[Size]) {
  return {name, strnlen(name, Size)};
}

inline std::string hex(const uint8_t* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (size_t i = 0; i < size; i++) {
    text.push_back(kDigits[bytes[i] >> 4]);
    text.push_back(kDigits[bytes[i] & 15]);
  }
  return text;
}

}  // namespace bpf_lsm
