#include "../core/probe.h"

#include "../core/symbols.h"
#include "args.h"
#include "errors.h"
#include "exports.h"

namespace bpf_lsm {

namespace {

Napi::Value version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), libbpf_version());
}

Napi::Value has_symbol(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), libbpf_symbol(text(info[0], "name").c_str()) != nullptr);
}

// => number[] in the order of the kernel, or null where it has no lsm_list_modules(2)
Napi::Value lsm_ids(const Napi::CallbackInfo& info) {
  const auto ids = active_lsm_ids();
  if (!ids) return info.Env().Null();
  auto list = Napi::Array::New(info.Env(), ids->size());
  for (uint32_t i = 0; i < ids->size(); i++) list.Set(i, static_cast<double>((*ids)[i]));
  return list;
}

// => the ABI's number, or null
Napi::Value landlock(const Napi::CallbackInfo& info) {
  const auto abi = landlock_abi();
  return abi ? Napi::Number::New(info.Env(), *abi) : info.Env().Null();
}

Napi::Value kernel_btf(const Napi::CallbackInfo& info) {
  const auto data = btf_by_id(u32(info[0], "id"));
  return Napi::Buffer<std::byte>::Copy(info.Env(), data.data(), data.size());
}

}  // namespace

void export_probe(Napi::Object exports) {
  export_function<version>(exports, "libbpfVersion");
  export_function<has_symbol>(exports, "libbpfHas");
  export_function<lsm_ids>(exports, "activeLsmIds");
  export_function<landlock>(exports, "landlockAbi");
  export_function<kernel_btf>(exports, "btfById");
}

}  // namespace bpf_lsm
