#include "../core/program.h"

#include "../core/pin.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

Napi::Value open_pinned(const Napi::CallbackInfo& info) {
  auto handle = std::make_shared<ProgramHandle>(open_pin(text(info[0], "path"), ObjectKind::kProgram));
  return Handle<ProgramHandle>::make(info.Env(), std::move(handle));
}

Napi::Value describe(const Napi::CallbackInfo& info) {
  const ProgramInfo program = program_info(Handle<ProgramHandle>::of(info[0])->fd.get());
  auto result = Napi::Object::New(info.Env());
  result.Set("id", program.id);
  result.Set("name", program.name);
  result.Set("tag", program.tag);
  result.Set("type", program.type);
  result.Set("createdByUid", program.created_by_uid);
  result.Set("loadTimeNs", Napi::BigInt::New(info.Env(), program.load_time_ns));
  result.Set("runCount", Napi::BigInt::New(info.Env(), program.run_count));
  result.Set("runTimeNs", Napi::BigInt::New(info.Env(), program.run_time_ns));
  result.Set("attachBtfObjectId", program.attach_btf_object_id);
  result.Set("attachBtfId", program.attach_btf_id);
  result.Set("verifiedInstructions", program.verified_instructions);
  return result;
}

Napi::Value instructions(const Napi::CallbackInfo& info) {
  const auto found = translated_instructions(Handle<ProgramHandle>::of(info[0])->fd.get());
  return Napi::Buffer<std::byte>::Copy(info.Env(), found.data(), found.size());
}

Napi::Value pin_to(const Napi::CallbackInfo& info) {
  pin(Handle<ProgramHandle>::of(info[0])->fd.get(), text(info[1], "path"));
  return info.Env().Undefined();
}

Napi::Value test_run(const Napi::CallbackInfo& info) {
  const int fd = Handle<ProgramHandle>::of(info[0])->fd.get();
  return Napi::Number::New(info.Env(), program_test_run(fd, bytes(info[1], "context")));
}

Napi::Value statistics_on(const Napi::CallbackInfo& info) {
  return Handle<StatisticsHandle>::make(info.Env(), std::make_shared<StatisticsHandle>(enable_statistics()));
}

Napi::Value statistics_off(const Napi::CallbackInfo& info) {
  Handle<StatisticsHandle>::close(info[0]);
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<ProgramHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_program(Napi::Object exports) {
  export_function<open_pinned>(exports, "programOpenPinned");
  export_function<describe>(exports, "programInfo");
  export_function<instructions>(exports, "programInstructions");
  export_function<pin_to>(exports, "programPin");
  export_function<test_run>(exports, "programTestRun");
  export_function<close>(exports, "programClose");
  export_function<statistics_on>(exports, "statisticsEnable");
  export_function<statistics_off>(exports, "statisticsClose");
}

}  // namespace bpf_lsm
