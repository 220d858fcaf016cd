// The kinds of handles, their type tags and what messages call them.
#pragma once

#include <atomic>

#include "../core/map.h"
#include "../core/object.h"
#include "../core/perf.h"
#include "../core/ring.h"
#include "../core/user_ring.h"
#include "handle.h"
#include "poller.h"

namespace bpf_lsm {

// An object file; busy while a pool thread loads it.
struct ObjectHandle {
  std::shared_ptr<Object> object;
  std::atomic<bool> busy = false;
};

struct ProgramHandle {
  explicit ProgramHandle(UniqueFd program) : fd(std::move(program)) {}
  UniqueFd fd;
};

struct LinkHandle {
  explicit LinkHandle(UniqueFd link) : fd(std::move(link)) {}
  UniqueFd fd;
};

// A reader of a ring buffer or perf buffer.
struct ReaderHandle {
  explicit ReaderHandle(std::unique_ptr<RecordReader> source) : reader(std::move(source)) {}
  std::unique_ptr<RecordReader> reader;
  PerfBuffer* perf = nullptr;      // the same, when it is one
  std::unique_ptr<Poller> poller;  // goes first: it watches the reader's descriptor
};

struct UserRingHandle {
  explicit UserRingHandle(UniqueFd map) : ring(std::move(map)) {}
  UserRing ring;
  std::unique_ptr<Poller> poller;  // as above
};

template <>
struct HandleKind<ObjectHandle> {
  static constexpr napi_type_tag kTag{0x6f7c2f6e0a9d4b11, 0x9d5b6f3ac2e84701};
  static constexpr const char* kNoun = "BPF object";
};

template <>
struct HandleKind<ProgramHandle> {
  static constexpr napi_type_tag kTag{0x1b0e5c1d7c3f4a22, 0xb1f04be1a6d35902};
  static constexpr const char* kNoun = "program";
};

template <>
struct HandleKind<Map> {
  static constexpr napi_type_tag kTag{0x83d19a4f52e64c33, 0x8a2cf7b40d91e603};
  static constexpr const char* kNoun = "map";
};

template <>
struct HandleKind<LinkHandle> {
  static constexpr napi_type_tag kTag{0xc5a7720b9f1e4d44, 0xa7e6183d5f20cb04};
  static constexpr const char* kNoun = "link";
};

template <>
struct HandleKind<ReaderHandle> {
  static constexpr napi_type_tag kTag{0x2e9460d8b3a75e55, 0x946cd21fe870ab05};
  static constexpr const char* kNoun = "record reader";
};

template <>
struct HandleKind<UserRingHandle> {
  static constexpr napi_type_tag kTag{0xd37b02c9f4e85a66, 0x83b1f06ad9264c06};
  static constexpr const char* kNoun = "user ring buffer";
};

// The object, unless a pool thread is at work on it.
inline Object& idle_object(const Napi::Value& value) {
  ObjectHandle& handle = *Handle<ObjectHandle>::of(value);
  if (handle.busy) throw Error(codes::kBusy, "the object is being loaded");
  return *handle.object;
}

}  // namespace bpf_lsm
