// The only place where a C++ error becomes a JavaScript one.
#pragma once

#include <napi.h>

#include <string>

#include "../core/error.h"
#include "environment.h"

namespace bpf_lsm {

// A BpfError, made by the function that TypeScript handed over.
inline Napi::Value to_js(Napi::Env env, const Error& error) {
  Napi::Object fields = Napi::Object::New(env);
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) fields.Set(name, value);
  };
  set("code", error.code());
  set("syscall", error.syscall());
  set("program", error.program());
  set("map", error.map());
  set("path", error.path());
  set("libbpfLog", error.libbpf_log());
  if (error.err()) fields.Set("errno", -error.err());
  if (error.done()) fields.Set("done", *error.done());
  return Environment::of(env).make_error.Call({Napi::String::New(env, error.what()), fields});
}

// Wraps a function of the addon so that the core's exceptions arrive in JavaScript as BpfErrors. Other
// exceptions (std::bad_alloc, Napi::Error) are node-addon-api's to translate.
template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return Function(info);
  } catch (const Error& error) {
    throw Napi::Error(info.Env(), to_js(info.Env(), error));
  }
}

template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void export_function(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<Function>>(exports.Env(), name));
}

}  // namespace bpf_lsm
