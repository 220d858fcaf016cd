#include "../core/user_ring.h"

#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// (map, onWritable) => handle; onWritable is called once per userRingArm
Napi::Value open(const Napi::CallbackInfo& info) {
  if (!info[1].IsFunction()) refuse("onWritable", "a function");
  auto handle = std::make_shared<UserRingHandle>(UniqueFd::duplicate(Handle<Map>::of(info[0])->fd()));
  handle->poller = std::make_unique<Poller>(info.Env(), handle->ring.fd(), PollFor::kWritable,
                                            info[1].As<Napi::Function>());
  return Handle<UserRingHandle>::make(info.Env(), std::move(handle));
}

// (ring, slab, count) => how many of its first records were sent
Napi::Value send(const Napi::CallbackInfo& info) {
  const auto slab = bytes(info[1], "slab");
  const size_t sent = Handle<UserRingHandle>::of(info[0])->ring.send(slab, u32(info[2], "count"));
  return Napi::Number::New(info.Env(), static_cast<double>(sent));
}

Napi::Value waiting(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Handle<UserRingHandle>::of(info[0])->ring.waiting()));
}

Napi::Value arm(const Napi::CallbackInfo& info) {
  Handle<UserRingHandle>::of(info[0])->poller->arm();
  return info.Env().Undefined();
}

Napi::Value disarm(const Napi::CallbackInfo& info) {
  Handle<UserRingHandle>::of(info[0])->poller->disarm();
  return info.Env().Undefined();
}

Napi::Value ref(const Napi::CallbackInfo& info) {
  Handle<UserRingHandle>::of(info[0])->poller->ref(flag(info[1], "keepAlive"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<UserRingHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_user_ring(Napi::Object exports) {
  export_function<open>(exports, "userRingOpen");
  export_function<send>(exports, "userRingSend");
  export_function<waiting>(exports, "userRingWaiting");
  export_function<arm>(exports, "userRingArm");
  export_function<disarm>(exports, "userRingDisarm");
  export_function<ref>(exports, "userRingRef");
  export_function<close>(exports, "userRingClose");
}

}  // namespace bpf_lsm
