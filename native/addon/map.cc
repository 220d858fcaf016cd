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

// (path, flags)
Napi::Value open_pinned(const Napi::CallbackInfo& info) {
  UniqueFd fd = open_pin(text(info[0], "path"), ObjectKind::kMap, u32(info[1], "flags"));
  return Handle<Map>::make(info.Env(), std::make_shared<Map>(std::move(fd)));
}

// (id, flags)
Napi::Value open_by_id(const Napi::CallbackInfo& info) {
  UniqueFd fd = open_map_by_id(u32(info[0], "id"), u32(info[1], "flags"));
  return Handle<Map>::make(info.Env(), std::make_shared<Map>(std::move(fd)));
}

// ({ type, name, keySize, valueSize, maxEntries, flags, extra, numaNode?, keyTypeId, valueTypeId },
//  inner map or null, the object that describes its types or null)
Napi::Value create(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) refuse("definition", "an object");
  const auto wanted = info[0].As<Napi::Object>();
  MapDefinition definition;
  definition.type = text(wanted.Get("type"), "type");
  definition.name = text(wanted.Get("name"), "name");
  definition.key_size = u32(wanted.Get("keySize"), "keySize");
  definition.value_size = u32(wanted.Get("valueSize"), "valueSize");
  definition.max_entries = u32(wanted.Get("maxEntries"), "maxEntries");
  definition.flags = u32(wanted.Get("flags"), "flags");
  definition.extra = u32(wanted.Get("extra"), "extra");
  const Napi::Value numa_node = wanted.Get("numaNode");
  if (!numa_node.IsUndefined()) definition.numa_node = u32(numa_node, "numaNode");
  definition.key_type_id = u32(wanted.Get("keyTypeId"), "keyTypeId");
  definition.value_type_id = u32(wanted.Get("valueTypeId"), "valueTypeId");
  const auto inner = info[1].IsNull() ? nullptr : Handle<Map>::of(info[1]);
  if (inner) definition.inner_fd = inner->fd();
  if (!info[2].IsNull()) definition.btf_fd = idle_object(info[2]).btf_fd();
  return Handle<Map>::make(info.Env(), std::make_shared<Map>(create_map(definition)));
}

const char* name_of(MapAccess access) {
  switch (access) {
    case MapAccess::kReadOnly:
      return "read";
    case MapAccess::kWriteOnly:
      return "write";
    case MapAccess::kReadWrite:
      return "read-write";
  }
  return "";
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
  result.Set("access", name_of(map.access()));
  result.Set("btfId", map.info().btf_id);
  result.Set("keyTypeId", map.info().key_type_id);
  result.Set("valueTypeId", map.info().value_type_id);
  return result;
}

Napi::Value freeze(const Napi::CallbackInfo& info) {
  map_of(info).freeze();
  return info.Env().Undefined();
}

Napi::Value frozen(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), map_of(info).frozen());
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
  export_function<open_by_id>(exports, "mapOpenById");
  export_function<create>(exports, "mapCreate");
  export_function<describe>(exports, "mapInfo");
  export_function<freeze>(exports, "mapFreeze");
  export_function<frozen>(exports, "mapFrozen");
  export_function<pin_to>(exports, "mapPin");
  export_function<close>(exports, "mapClose");
}

}  // namespace bpf_lsm
