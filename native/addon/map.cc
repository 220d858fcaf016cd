#include "../core/map.h"

#include "../core/pin.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

Map& map_of(const Napi::CallbackInfo& info) {
  return *Handle<Map>::of(info[0]);
}

Napi::Value open_pinned(const Napi::CallbackInfo& info) {
  return Handle<Map>::make(info.Env(),
                           std::make_shared<Map>(open_pin(text(info[0], "path"), ObjectKind::kMap)));
}

Napi::Value describe(const Napi::CallbackInfo& info) {
  const Map& map = map_of(info);
  auto result = Napi::Object::New(info.Env());
  result.Set("id", map.info().id);
  result.Set("name", map.info().name);
  result.Set("type", map.info().type);
  result.Set("keySize", map.info().key_size);
  result.Set("valueSize", map.info().value_size);
  result.Set("valueBytes", static_cast<double>(map.value_bytes()));
  result.Set("maxEntries", map.info().max_entries);
  result.Set("flags", map.info().flags);
  result.Set("btfId", map.info().btf_id);
  result.Set("keyTypeId", map.info().key_type_id);
  result.Set("valueTypeId", map.info().value_type_id);
  return result;
}

// (map, key, value) => whether there is such a key; the value is written into `value`
Napi::Value lookup(const Napi::CallbackInfo& info) {
  const bool found = map_of(info).lookup(bytes(info[1], "key"), bytes(info[2], "value"));
  return Napi::Boolean::New(info.Env(), found);
}

// (map, key, value, flags)
Napi::Value update(const Napi::CallbackInfo& info) {
  map_of(info).update(bytes(info[1], "key"), bytes(info[2], "value"), u32(info[3], "flags"));
  return info.Env().Undefined();
}

Napi::Value remove(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), map_of(info).remove(bytes(info[1], "key")));
}

// (map, key or null, next) => whether there was one
Napi::Value next_key(const Napi::CallbackInfo& info) {
  const auto key = info[1].IsNull() ? std::span<std::byte>() : bytes(info[1], "key");
  return Napi::Boolean::New(info.Env(), map_of(info).next_key(key, bytes(info[2], "next")));
}

// (map, offset, into)
Napi::Value read_memory(const Napi::CallbackInfo& info) {
  map_of(info).read_memory(u32(info[1], "offset"), bytes(info[2], "into"));
  return info.Env().Undefined();
}

// (map, offset, from)
Napi::Value write_memory(const Napi::CallbackInfo& info) {
  map_of(info).write_memory(u32(info[1], "offset"), bytes(info[2], "from"));
  return info.Env().Undefined();
}

Napi::Value pin_to(const Napi::CallbackInfo& info) {
  pin(map_of(info).fd(), text(info[1], "path"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<Map>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_map(Napi::Object exports) {
  export_function<open_pinned>(exports, "mapOpenPinned");
  export_function<describe>(exports, "mapInfo");
  export_function<lookup>(exports, "mapLookup");
  export_function<update>(exports, "mapUpdate");
  export_function<remove>(exports, "mapDelete");
  export_function<next_key>(exports, "mapNextKey");
  export_function<read_memory>(exports, "mapReadMemory");
  export_function<write_memory>(exports, "mapWriteMemory");
  export_function<pin_to>(exports, "mapPin");
  export_function<close>(exports, "mapClose");
}

}  // namespace bpf_lsm
