// The maps of an object before load.
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// What maps and the maps in them have in common.
template <typename Spec>
Napi::Object describe(Napi::Env env, const Spec& spec) {
  auto result = Napi::Object::New(env);
  result.Set("type", spec.type);
  result.Set("keySize", spec.key_size);
  result.Set("valueSize", spec.value_size);
  result.Set("maxEntries", spec.max_entries);
  result.Set("flags", spec.flags);
  result.Set("keyTypeId", spec.key_type_id);
  result.Set("valueTypeId", spec.value_type_id);
  return result;
}

Napi::Value maps(const Napi::CallbackInfo& info) {
  const auto specs = idle_object(info[0]).maps();
  auto list = Napi::Array::New(info.Env(), specs.size());
  for (uint32_t i = 0; i < specs.size(); i++) {
    Napi::Object spec = describe(info.Env(), specs[i]);
    spec.Set("name", specs[i].name);
    spec.Set("numaNode", specs[i].numa_node);
    spec.Set("internal", specs[i].internal);
    spec.Set("autocreate", specs[i].autocreate);
    spec.Set("pinPath", specs[i].pin_path);
    if (specs[i].inner) spec.Set("inner", describe(info.Env(), *specs[i].inner));
    list.Set(i, spec);
  }
  return list;
}

Napi::Value map(const Napi::CallbackInfo& info) {
  UniqueFd fd = idle_object(info[0]).map_fd(text(info[1], "map"));
  return Handle<Map>::make(info.Env(), std::make_shared<Map>(std::move(fd)));
}

// What messages call the values.
constexpr char kMaxEntries[] = "maxEntries", kKeySize[] = "keySize", kValueSize[] = "valueSize",
               kFlags[] = "flags", kNumaNode[] = "numaNode", kType[] = "type", kPath[] = "path";

// (object, map, value)
template <void (Object::*Set)(const std::string&, uint32_t), const char* Name>
Napi::Value set_number(const Napi::CallbackInfo& info) {
  (idle_object(info[0]).*Set)(text(info[1], "map"), u32(info[2], Name));
  return info.Env().Undefined();
}

// (object, map, value)
template <void (Object::*Set)(const std::string&, const std::string&), const char* Name>
Napi::Value set_text(const Napi::CallbackInfo& info) {
  (idle_object(info[0]).*Set)(text(info[1], "map"), text(info[2], Name));
  return info.Env().Undefined();
}

// (object, map, other map)
template <void (Object::*Set)(const std::string&, int)>
Napi::Value set_map(const Napi::CallbackInfo& info) {
  (idle_object(info[0]).*Set)(text(info[1], "map"), Handle<Map>::of(info[2])->fd());
  return info.Env().Undefined();
}

// (object, map, autocreate)
Napi::Value set_autocreate(const Napi::CallbackInfo& info) {
  idle_object(info[0]).set_autocreate(text(info[1], "map"), flag(info[2], "autocreate"));
  return info.Env().Undefined();
}

}  // namespace

void export_object_maps(Napi::Object exports) {
  export_function<maps>(exports, "objectMaps");
  export_function<map>(exports, "objectMap");
  export_function<set_number<&Object::set_max_entries, kMaxEntries>>(exports, "objectSetMaxEntries");
  export_function<set_number<&Object::set_key_size, kKeySize>>(exports, "objectSetKeySize");
  export_function<set_number<&Object::set_value_size, kValueSize>>(exports, "objectSetValueSize");
  export_function<set_number<&Object::set_map_flags, kFlags>>(exports, "objectSetMapFlags");
  export_function<set_number<&Object::set_numa_node, kNumaNode>>(exports, "objectSetNumaNode");
  export_function<set_text<&Object::set_map_type, kType>>(exports, "objectSetMapType");
  export_function<set_text<&Object::set_pin_path, kPath>>(exports, "objectSetPinPath");
  export_function<set_map<&Object::set_inner_map>>(exports, "objectSetInnerMap");
  export_function<set_map<&Object::reuse_map>>(exports, "objectReuseMap");
  export_function<set_autocreate>(exports, "objectSetAutocreate");
}

}  // namespace bpf_lsm
