#include "../core/names.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

Napi::Value programs(const Napi::CallbackInfo& info) {
  const auto specs = idle_object(info[0]).programs();
  auto list = Napi::Array::New(info.Env(), specs.size());
  for (uint32_t i = 0; i < specs.size(); i++) {
    auto spec = Napi::Object::New(info.Env());
    spec.Set("name", specs[i].name);
    spec.Set("section", specs[i].section);
    spec.Set("type", specs[i].type);
    spec.Set("attachType", specs[i].attach_type);
    spec.Set("attachTypeName", attach_type_name(specs[i].attach_type));
    spec.Set("flags", specs[i].flags);
    spec.Set("autoload", specs[i].autoload);
    list.Set(i, spec);
  }
  return list;
}

Napi::Value set_autoload(const Napi::CallbackInfo& info) {
  idle_object(info[0]).set_autoload(text(info[1], "program"), flag(info[2], "autoload"));
  return info.Env().Undefined();
}

// (object, program, number of the attach type)
Napi::Value set_expected_attach_type(const Napi::CallbackInfo& info) {
  idle_object(info[0]).set_expected_attach_type(text(info[1], "program"), u32(info[2], "expectedAttachType"));
  return info.Env().Undefined();
}

// (object, program, function, the program whose function it is?)
Napi::Value set_attach_target(const Napi::CallbackInfo& info) {
  Object& object = idle_object(info[0]);
  const int target = info[3].IsUndefined() ? 0 : Handle<ProgramHandle>::of(info[3])->fd.get();
  object.set_attach_target(text(info[1], "program"), text(info[2], "attachTarget"), target);
  return info.Env().Undefined();
}

// (object, a loaded one of the same file)
Napi::Value share_maps(const Napi::CallbackInfo& info) {
  idle_object(info[0]).share_maps(idle_object(info[1]));
  return info.Env().Undefined();
}

Napi::Value program(const Napi::CallbackInfo& info) {
  auto handle = std::make_shared<ProgramHandle>(idle_object(info[0]).program_fd(text(info[1], "program")));
  return Handle<ProgramHandle>::make(info.Env(), std::move(handle));
}

// (name) => the number of the attach type, or null
Napi::Value attach_type_number(const Napi::CallbackInfo& info) {
  const auto number = attach_type_of(text(info[0], "attachType"));
  return number ? Napi::Number::New(info.Env(), *number) : info.Env().Null();
}

}  // namespace

void export_object_programs(Napi::Object exports) {
  export_function<programs>(exports, "objectPrograms");
  export_function<set_autoload>(exports, "objectSetAutoload");
  export_function<set_expected_attach_type>(exports, "objectSetExpectedAttachType");
  export_function<set_attach_target>(exports, "objectSetAttachTarget");
  export_function<share_maps>(exports, "objectShareMaps");
  export_function<program>(exports, "objectProgram");
  export_function<attach_type_number>(exports, "attachTypeNumber");
}

}  // namespace bpf_lsm
