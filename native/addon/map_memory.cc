#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

// (map, offset, into)
Napi::Value read(const Napi::CallbackInfo& info) {
  Handle<Map>::of(info[0])->read_memory(u32(info[1], "offset"), bytes(info[2], "into"));
  return info.Env().Undefined();
}

// (map, offset, from)
Napi::Value write(const Napi::CallbackInfo& info) {
  Handle<Map>::of(info[0])->write_memory(u32(info[1], "offset"), bytes(info[2], "from"));
  return info.Env().Undefined();
}

// (map) => an ArrayBuffer over the memory itself. It owns its mapping: no JavaScript can come to touch memory
// that is not mapped, and the mapping is always writable, since a store to another kind ends the process.
Napi::Value share(const Napi::CallbackInfo& info) {
  const Map& map = *Handle<Map>::of(info[0]);
  auto mapping = std::make_unique<Mapping>(map.map_memory());
  napi_value buffer = nullptr;
  const auto unmap = [](napi_env, void*, void* hint) { delete static_cast<Mapping*>(hint); };
  const napi_status status = napi_create_external_arraybuffer(info.Env(), mapping->data(), map.memory_size(),
                                                              unmap, mapping.get(), &buffer);
  if (status == napi_no_external_buffers_allowed) {
    throw Error(codes::kArgument, "this JavaScript runtime allows no memory but its own in an ArrayBuffer");
  }
  if (status != napi_ok) throw Napi::Error::New(info.Env());
  static_cast<void>(mapping.release());  // the ArrayBuffer owns it now
  return {info.Env(), buffer};
}

}  // namespace

void export_map_memory(Napi::Object exports) {
  export_function<read>(exports, "mapReadMemory");
  export_function<write>(exports, "mapWriteMemory");
  export_function<share>(exports, "mapShareMemory");
}

}  // namespace bpf_lsm
