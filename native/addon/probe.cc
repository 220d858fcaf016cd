#include "../core/probe.h"

#include "../core/feature_probe.h"
#include "../core/program_probe.h"
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

// ({ programType, attachType, flags, attachBtfId, logLevel }, instructions) => { errno, log }
Napi::Value probe_load(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) refuse("probe", "an object");
  const auto probe = info[0].As<Napi::Object>();
  const ProbeVerdict verdict = probe_program({
      .program_type = u32(probe.Get("programType"), "programType"),
      .attach_type = u32(probe.Get("attachType"), "attachType"),
      .flags = u32(probe.Get("flags"), "flags"),
      .attach_btf_id = u32(probe.Get("attachBtfId"), "attachBtfId"),
      .log_level = u32(probe.Get("logLevel"), "logLevel"),
      .instructions = bytes(info[1], "instructions"),
  });
  auto result = Napi::Object::New(info.Env());
  result.Set("errno", verdict.err);
  result.Set("log", verdict.log);
  return result;
}

// ({ type, keySize, valueSize, maxEntries, flags, typed, holdsArrays }) => errno
Napi::Value probe_map_type(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) refuse("probe", "an object");
  const auto probe = info[0].As<Napi::Object>();
  return Napi::Number::New(info.Env(), probe_map({
                                           .type = u32(probe.Get("type"), "type"),
                                           .key_size = u32(probe.Get("keySize"), "keySize"),
                                           .value_size = u32(probe.Get("valueSize"), "valueSize"),
                                           .max_entries = u32(probe.Get("maxEntries"), "maxEntries"),
                                           .flags = u32(probe.Get("flags"), "flags"),
                                           .typed = flag(probe.Get("typed"), "typed"),
                                           .holds_arrays = flag(probe.Get("holdsArrays"), "holdsArrays"),
                                       }));
}

// (flags) => errno
Napi::Value probe_link_flags(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), probe_cgroup_link(u32(info[0], "flags")));
}

// (helper) => number, or null where it cannot be found out
Napi::Value probe_translated_call(const Napi::CallbackInfo& info) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  const auto call = translated_call(static_cast<int32_t>(integer(info[0], "helper", kMost)));
  return call ? Napi::Number::New(info.Env(), *call) : info.Env().Null();
}

}  // namespace

void export_probe(Napi::Object exports) {
  export_function<version>(exports, "libbpfVersion");
  export_function<has_symbol>(exports, "libbpfHas");
  export_function<lsm_ids>(exports, "activeLsmIds");
  export_function<landlock>(exports, "landlockAbi");
  export_function<kernel_btf>(exports, "btfById");
  export_function<probe_load>(exports, "probeProgram");
  export_function<probe_map_type>(exports, "probeMap");
  export_function<probe_link_flags>(exports, "probeCgroupLink");
  export_function<probe_translated_call>(exports, "probeTranslatedCall");
}

}  // namespace bpf_lsm
