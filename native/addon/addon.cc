#include <napi.h>

#include "args.h"
#include "environment.h"
#include "exports.h"

namespace bpf_lsm {

// TypeScript hands over (message, fields) => BpfError once, before anything else.
static Napi::Value set_error_factory(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction())
    throw Napi::TypeError::New(info.Env(), "expected the function that makes errors");
  Environment::of(info.Env()).make_error = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports.Set("setErrorFactory", Napi::Function::New<set_error_factory>(env, "setErrorFactory"));
  export_object(exports);
  export_object_programs(exports);
  export_program(exports);
  export_map(exports);
  export_attach(exports);
  export_cgroup(exports);
  export_map_batch(exports);
  export_map_elements(exports);
  export_map_memory(exports);
  export_map_objects(exports);
  export_object_maps(exports);
  export_link(exports);
  export_message_socket(exports);
  export_reader(exports);
  export_perf(exports);
  export_user_ring(exports);
  export_probe(exports);
  export_inventory(exports);
  return exports;
}

NODE_API_MODULE(bpf_lsm, init)

}  // namespace bpf_lsm
