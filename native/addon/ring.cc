#include "../core/ring.h"

#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// (map, onReadable) => handle; onReadable is called once per ringArm
Napi::Value open(const Napi::CallbackInfo& info) {
  if (!info[1].IsFunction()) refuse("onReadable", "a function");
  auto handle = std::make_shared<RingHandle>(UniqueFd::duplicate(Handle<Map>::of(info[0])->fd()));
  handle->poller = std::make_unique<Poller>(info.Env(), handle->ring.fd(), info[1].As<Napi::Function>());
  return Handle<RingHandle>::make(info.Env(), std::move(handle));
}

// (ring, slab, most records, result: Uint32Array of [bytes, records, more, needed])
Napi::Value drain(const Napi::CallbackInfo& info) {
  const Napi::Value result = info[3];
  if (!result.IsTypedArray() || result.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
      result.As<Napi::TypedArray>().ElementLength() < 4) {
    refuse("result", "a Uint32Array of 4");
  }
  const auto slab = bytes(info[1], "slab");
  const Drained drained = Handle<RingHandle>::of(info[0])->ring.drain(slab, u32(info[2], "most"));
  uint32_t* out = result.As<Napi::Uint32Array>().Data();
  out[0] = static_cast<uint32_t>(drained.bytes);
  out[1] = static_cast<uint32_t>(drained.records);
  out[2] = drained.more ? 1 : 0;
  out[3] = static_cast<uint32_t>(drained.needed);
  return info.Env().Undefined();
}

Napi::Value available(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Handle<RingHandle>::of(info[0])->ring.available()));
}

Napi::Value arm(const Napi::CallbackInfo& info) {
  Handle<RingHandle>::of(info[0])->poller->arm();
  return info.Env().Undefined();
}

Napi::Value disarm(const Napi::CallbackInfo& info) {
  Handle<RingHandle>::of(info[0])->poller->disarm();
  return info.Env().Undefined();
}

Napi::Value ref(const Napi::CallbackInfo& info) {
  Handle<RingHandle>::of(info[0])->poller->ref(flag(info[1], "keepAlive"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<RingHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_ring(Napi::Object exports) {
  export_function<open>(exports, "ringOpen");
  export_function<drain>(exports, "ringDrain");
  export_function<available>(exports, "ringAvailable");
  export_function<arm>(exports, "ringArm");
  export_function<disarm>(exports, "ringDisarm");
  export_function<ref>(exports, "ringRef");
  export_function<close>(exports, "ringClose");
}

}  // namespace bpf_lsm
