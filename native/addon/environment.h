// What belongs to one JavaScript environment: the main thread and each worker have their own.
#pragma once

#include <napi.h>

namespace bpf_lsm {

struct Environment {
  // (message, fields) => BpfError
  Napi::FunctionReference make_error;

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace bpf_lsm
