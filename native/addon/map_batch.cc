#include "../core/map_batch.h"

#include <algorithm>

#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

std::span<uint32_t> result_of(const Napi::Value& value) {
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array) {
    auto array = value.As<Napi::Uint32Array>();
    if (array.ElementLength() >= 3) return {array.Data(), 3};
  }
  refuse("result", "a Uint32Array of 3");
}

// (map, cursor, whether this is the first, keys, values, whether to delete, result)
// result: [elements read, whether those were the last, whether there was no room]
Napi::Value lookup(const Napi::CallbackInfo& info) {
  const Map& map = *Handle<Map>::of(info[0]);
  const auto result = result_of(info[6]);
  const auto batch = lookup_batch(map, bytes(info[1], "cursor"), flag(info[2], "first"),
                                  bytes(info[3], "keys"), bytes(info[4], "values"), flag(info[5], "take"));
  result[0] = batch ? batch->count : 0;
  result[1] = batch && batch->last;
  result[2] = !batch;
  return info.Env().Undefined();
}

// (map, keys, values, flags)
Napi::Value update(const Napi::CallbackInfo& info) {
  update_batch(*Handle<Map>::of(info[0]), bytes(info[1], "keys"), bytes(info[2], "values"),
               u32(info[3], "flags"));
  return info.Env().Undefined();
}

// (map, keys) => how many were there
Napi::Value remove(const Napi::CallbackInfo& info) {
  const uint32_t deleted = delete_batch(*Handle<Map>::of(info[0]), bytes(info[1], "keys"));
  return Napi::Number::New(info.Env(), deleted);
}

// (map) => each key with its value behind it
Napi::Value read(const Napi::CallbackInfo& info) {
  const auto elements = read_all(*Handle<Map>::of(info[0]));
  auto array = Napi::Uint8Array::New(info.Env(), elements.size());
  std::copy(elements.begin(), elements.end(), reinterpret_cast<std::byte*>(array.Data()));
  return array;
}

}  // namespace

void export_map_batch(Napi::Object exports) {
  export_function<lookup>(exports, "mapLookupBatch");
  export_function<update>(exports, "mapUpdateBatch");
  export_function<remove>(exports, "mapDeleteBatch");
  export_function<read>(exports, "mapReadAll");
}

}  // namespace bpf_lsm
