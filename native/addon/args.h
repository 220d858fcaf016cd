// Reading arguments that plain JavaScript may have got wrong.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "../core/error.h"

namespace bpf_lsm {

[[noreturn]] inline void refuse(const char* name, const char* wanted) {
  throw Error(codes::kArgument, std::string(name) + " must be " + wanted);
}

inline std::string text(const Napi::Value& value, const char* name) {
  if (!value.IsString()) refuse(name, "a string");
  std::string result = value.As<Napi::String>().Utf8Value();
  if (result.find('\0') != std::string::npos) refuse(name, "a string without NUL characters");
  return result;
}

inline bool flag(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) refuse(name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

// An integer from 0 to `most`, which must be exact in a double.
inline uint64_t integer(const Napi::Value& value, const char* name, uint64_t most) {
  if (!value.IsNumber()) refuse(name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0) || number != std::floor(number) || number > static_cast<double>(most)) {
    throw Error(codes::kArgument,
                std::string(name) + " must be an integer from 0 to " + std::to_string(most));
  }
  return static_cast<uint64_t>(number);
}

inline uint32_t u32(const Napi::Value& value, const char* name) {
  return static_cast<uint32_t>(integer(value, name, std::numeric_limits<uint32_t>::max()));
}

// A file descriptor that JavaScript has open.
inline int descriptor(const Napi::Value& value, const char* name) {
  return static_cast<int>(integer(value, name, std::numeric_limits<int>::max()));
}

inline uint64_t u64(const Napi::Value& value, const char* name) {
  if (!value.IsBigInt()) refuse(name, "a bigint");
  bool lossless = false;
  const uint64_t result = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) refuse(name, "a bigint from 0 to 2^64-1");
  return result;
}

// The bytes under a Uint8Array; valid until control returns to JavaScript.
inline std::span<std::byte> bytes(const Napi::Value& value, const char* name) {
  napi_typedarray_type type{};
  size_t size = 0;
  void* data = nullptr;
  // One call: this is on the way of every map element.
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) refuse(name, "a Uint8Array");
  return {static_cast<std::byte*>(data), size};
}

// A part of something that has `size` bytes.
inline std::span<std::byte> part(std::span<std::byte> whole, uint64_t offset, uint64_t size) {
  if (offset > whole.size() || size > whole.size() - offset) {
    throw Error(codes::kArgument, "bytes " + std::to_string(offset) + " to " + std::to_string(offset + size) +
                                      " are outside the " + std::to_string(whole.size()) + " there are");
  }
  return whole.subspan(offset, size);
}

}  // namespace bpf_lsm
