// The kinds of handles, and what messages call them.
#pragma once

#include <atomic>

#include "../core/map.h"
#include "../core/message_socket.h"
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

// Statistics are on as long as it lives.
struct StatisticsHandle {
  explicit StatisticsHandle(UniqueFd statistics) : fd(std::move(statistics)) {}
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

struct MessageSocketHandle {
  explicit MessageSocketHandle(MessageSocket connection) : socket(std::move(connection)) {}
  MessageSocket socket;
  std::unique_ptr<Poller> poller;  // as above
};

template <>
struct HandleKind<ObjectHandle> {
  static constexpr const char* kNoun = "BPF object";
};

template <>
struct HandleKind<ProgramHandle> {
  static constexpr const char* kNoun = "program";
};

template <>
struct HandleKind<Map> {
  static constexpr const char* kNoun = "map";
};

template <>
struct HandleKind<LinkHandle> {
  static constexpr const char* kNoun = "link";
};

template <>
struct HandleKind<StatisticsHandle> {
  static constexpr napi_type_tag kTag{0x5bd1e8a94c06f766, 0xe2f7439a0b68dc06};
  static constexpr const char* kNoun = "switch of statistics";
};

template <>
struct HandleKind<ReaderHandle> {
  static constexpr const char* kNoun = "record reader";
};

template <>
struct HandleKind<UserRingHandle> {
  static constexpr const char* kNoun = "user ring buffer";
};

template <>
struct HandleKind<MessageSocketHandle> {
  static constexpr const char* kNoun = "message socket";
};

// The object, unless a pool thread is at work on it.
inline Object& idle_object(const Napi::Value& value) {
  ObjectHandle& handle = *Handle<ObjectHandle>::of(value);
  if (handle.busy) throw Error(codes::kBusy, "the object is being loaded");
  return *handle.object;
}

}  // namespace bpf_lsm
