#include "../core/object.h"

#include "args.h"
#include "async.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

std::string option(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  return value.IsUndefined() ? "" : text(value, name);
}

// (elf: Uint8Array, { name, pinRoot?, kconfig?, btfPath? }) => handle
Napi::Value open(const Napi::CallbackInfo& info) {
  if (!info[1].IsObject()) refuse("options", "an object");
  const auto options = info[1].As<Napi::Object>();
  const OpenOptions chosen{
      .name = option(options, "name"),
      .pin_root = option(options, "pinRoot"),
      .kconfig = option(options, "kconfig"),
      .btf_path = option(options, "btfPath"),
  };
  auto handle = std::make_shared<ObjectHandle>();
  // The bytes come last: reading the options can run JavaScript (a getter), which could detach them.
  handle->object = Object::open(bytes(info[0], "the object file"), chosen);
  return Handle<ObjectHandle>::make(info.Env(), std::move(handle));
}

Napi::Value btf(const Napi::CallbackInfo& info) {
  const auto data = idle_object(info[0]).raw_btf();
  return Napi::Buffer<std::byte>::Copy(info.Env(), data.data(), data.size());
}

Napi::Value instructions(const Napi::CallbackInfo& info) {
  const auto data = idle_object(info[0]).instructions(text(info[1], "program"));
  return Napi::Buffer<std::byte>::Copy(info.Env(), data.data(), data.size());
}

Napi::Value log(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), idle_object(info[0]).log());
}

// (object, map, offset, into)
Napi::Value read_initial(const Napi::CallbackInfo& info) {
  const auto into = bytes(info[3], "into");
  const auto value = idle_object(info[0]).initial_value(text(info[1], "map"));
  const auto from = part(value, integer(info[2], "offset", value.size()), into.size());
  std::copy(from.begin(), from.end(), into.begin());
  return info.Env().Undefined();
}

// (object, map, offset, from)
Napi::Value write_initial(const Napi::CallbackInfo& info) {
  const auto from = bytes(info[3], "from");
  const auto value = idle_object(info[0]).initial_value(text(info[1], "map"));
  const auto to = part(value, integer(info[2], "offset", value.size()), from.size());
  std::copy(from.begin(), from.end(), to.begin());
  return info.Env().Undefined();
}

class LoadWorker : public PromiseWorker {
 public:
  LoadWorker(Napi::Env env, std::shared_ptr<ObjectHandle> handle)
      : PromiseWorker(env, "bpf-lsm:load"), handle_(std::move(handle)) {}

 private:
  void work() override { handle_->object->load(); }
  void finish() override { handle_->busy = false; }

  std::shared_ptr<ObjectHandle> handle_;  // the object outlives a close() in the meantime
};

Napi::Value load(const Napi::CallbackInfo& info) {
  const auto& handle = Handle<ObjectHandle>::of(info[0]);
  if (handle->busy.exchange(true)) throw Error(codes::kBusy, "the object is being loaded");
  return (new LoadWorker(info.Env(), handle))->start();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<ObjectHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_object(Napi::Object exports) {
  export_function<open>(exports, "objectOpen");
  export_function<btf>(exports, "objectBtf");
  export_function<instructions>(exports, "objectInstructions");
  export_function<log>(exports, "objectLog");
  export_function<read_initial>(exports, "objectReadInitial");
  export_function<write_initial>(exports, "objectWriteInitial");
  export_function<load>(exports, "objectLoad");
  export_function<close>(exports, "objectClose");
}

}  // namespace bpf_lsm
