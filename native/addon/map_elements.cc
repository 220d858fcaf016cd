// The elements of a map, one at a time. These functions belong to one map each: finding the map behind a
// handle would cost a good part of what the system call does.
#include <algorithm>

#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// What such a function refers to: not the map itself, which goes when its handle is closed.
using MapRef = std::weak_ptr<Map>;

std::shared_ptr<Map> map_of(const Napi::CallbackInfo& info) {
  auto map = static_cast<MapRef*>(info.Data())->lock();
  if (!map) throw Error(codes::kClosed, "the " + std::string(HandleKind<Map>::kNoun) + " is closed");
  return map;
}

// An element as one buffer, which may be larger: the key, padded to 8 bytes, then the value.
struct Element {
  std::span<std::byte> key, value;
};

Element element_of(const Map& map, const Napi::Value& argument) {
  const auto buffer = bytes(argument, "element");
  const size_t key_size = map.info().key_size;
  const size_t value_offset = (key_size + 7) / 8 * 8;
  map.check_size("buffer for an element", std::min(buffer.size(), value_offset + map.value_bytes()),
                 value_offset + map.value_bytes());
  return {buffer.first(key_size), buffer.subspan(value_offset, map.value_bytes())};
}

// (element) => whether there is such a key; the value is written into `element`
Napi::Value lookup(const Napi::CallbackInfo& info) {
  const auto map = map_of(info);
  const auto [key, value] = element_of(*map, info[0]);
  return Napi::Boolean::New(info.Env(), map->lookup(key, value));
}

// (element) => the same
Napi::Value take(const Napi::CallbackInfo& info) {
  const auto map = map_of(info);
  const auto [key, value] = element_of(*map, info[0]);
  return Napi::Boolean::New(info.Env(), map->take(key, value));
}

// (element, flags)
Napi::Value update(const Napi::CallbackInfo& info) {
  const auto map = map_of(info);
  const auto [key, value] = element_of(*map, info[0]);
  map->update(key, value, u32(info[1], "flags"));
  return info.Env().Undefined();
}

// (element) => whether it was there; only the key matters
Napi::Value remove(const Napi::CallbackInfo& info) {
  const auto map = map_of(info);
  return Napi::Boolean::New(info.Env(), map->remove(element_of(*map, info[0]).key));
}

template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void add(Napi::Object object, const char* name, const std::shared_ptr<Map>& map) {
  auto ref = std::make_unique<MapRef>(map);
  const auto function = Napi::Function::New<guarded<Function>>(object.Env(), name, ref.get());
  const auto drop = [](node_api_nogc_env, void* data, void*) { delete static_cast<MapRef*>(data); };
  const napi_status status = napi_add_finalizer(object.Env(), function, ref.get(), drop, nullptr, nullptr);
  if (status != napi_ok) throw Napi::Error::New(object.Env());
  static_cast<void>(ref.release());  // the function owns it now
  object.Set(name, function);
}

// (map) => { lookup, take, update, delete }
Napi::Value elements(const Napi::CallbackInfo& info) {
  const auto& map = Handle<Map>::of(info[0]);
  auto functions = Napi::Object::New(info.Env());
  add<lookup>(functions, "lookup", map);
  add<take>(functions, "take", map);
  add<update>(functions, "update", map);
  add<remove>(functions, "delete", map);
  return functions;
}

}  // namespace

void export_map_elements(Napi::Object exports) {
  export_function<elements>(exports, "mapElements");
}

}  // namespace bpf_lsm
