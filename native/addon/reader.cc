// Readers of records, whatever buffer these come from.
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

RecordReader& reader_of(const Napi::CallbackInfo& info) {
  return *Handle<ReaderHandle>::of(info[0])->reader;
}

Poller& poller_of(const Napi::CallbackInfo& info) {
  return *Handle<ReaderHandle>::of(info[0])->poller;
}

// (map, onReadable) => handle; onReadable is called once per readerArm
Napi::Value ring_open(const Napi::CallbackInfo& info) {
  if (!info[1].IsFunction()) refuse("onReadable", "a function");
  auto ring = std::make_unique<Ring>(UniqueFd::duplicate(Handle<Map>::of(info[0])->fd()));
  auto handle = std::make_shared<ReaderHandle>(std::move(ring));
  handle->poller = std::make_unique<Poller>(info.Env(), handle->reader->fd(), PollFor::kReadable,
                                            info[1].As<Napi::Function>());
  return Handle<ReaderHandle>::make(info.Env(), std::move(handle));
}

// (reader, slab, most records, result: Uint32Array of [bytes, records, more, needed])
Napi::Value drain(const Napi::CallbackInfo& info) {
  const Napi::Value result = info[3];
  if (!result.IsTypedArray() || result.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
      result.As<Napi::TypedArray>().ElementLength() < 4) {
    refuse("result", "a Uint32Array of 4");
  }
  const auto slab = bytes(info[1], "slab");
  const Drained drained = reader_of(info).drain(slab, u32(info[2], "most"));
  uint32_t* out = result.As<Napi::Uint32Array>().Data();
  out[0] = static_cast<uint32_t>(drained.bytes);
  out[1] = static_cast<uint32_t>(drained.records);
  out[2] = drained.more ? 1 : 0;
  out[3] = static_cast<uint32_t>(drained.needed);
  return info.Env().Undefined();
}

Napi::Value available(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(reader_of(info).available()));
}

Napi::Value arm(const Napi::CallbackInfo& info) {
  poller_of(info).arm();
  return info.Env().Undefined();
}

Napi::Value disarm(const Napi::CallbackInfo& info) {
  poller_of(info).disarm();
  return info.Env().Undefined();
}

Napi::Value ref(const Napi::CallbackInfo& info) {
  poller_of(info).ref(flag(info[1], "keepAlive"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<ReaderHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_reader(Napi::Object exports) {
  export_function<ring_open>(exports, "ringOpen");
  export_function<drain>(exports, "readerDrain");
  export_function<available>(exports, "readerAvailable");
  export_function<arm>(exports, "readerArm");
  export_function<disarm>(exports, "readerDisarm");
  export_function<ref>(exports, "readerRef");
  export_function<close>(exports, "readerClose");
}

}  // namespace bpf_lsm
