#include "../core/link.h"

#include <fcntl.h>

#include "../core/pin.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

Napi::Value make(const Napi::CallbackInfo& info, UniqueFd fd) {
  return Handle<LinkHandle>::make(info.Env(), std::make_shared<LinkHandle>(std::move(fd)));
}

// (program, cookie)
Napi::Value attach_to_lsm(const Napi::CallbackInfo& info) {
  const int program = Handle<ProgramHandle>::of(info[0])->fd.get();
  return make(info, attach_lsm(program, u64(info[1], "cookie")));
}

// (program, cgroup path, attach type)
Napi::Value attach_to_cgroup(const Napi::CallbackInfo& info) {
  const int program = Handle<ProgramHandle>::of(info[0])->fd.get();
  const std::string path = text(info[1], "cgroup");
  const uint32_t attach_type = u32(info[2], "attachType");
  const UniqueFd cgroup(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!cgroup.valid()) throw Error(errno, "open", "cannot open the cgroup " + path).with_path(path);
  return make(info, attach_cgroup(program, cgroup.get(), attach_type));
}

// (object, program name)
Napi::Value attach_as_declared(const Napi::CallbackInfo& info) {
  const auto& handle = Handle<ObjectHandle>::of(info[0]);
  if (handle->busy) throw Error(codes::kBusy, "the object is being loaded");
  return make(info, attach_by_section(*handle->object, text(info[1], "program")));
}

Napi::Value open_pinned(const Napi::CallbackInfo& info) {
  return make(info, open_pin(text(info[0], "path"), ObjectKind::kLink));
}

Napi::Value describe(const Napi::CallbackInfo& info) {
  const LinkInfo link = link_info(Handle<LinkHandle>::of(info[0])->fd.get());
  auto result = Napi::Object::New(info.Env());
  result.Set("id", link.id);
  result.Set("type", link.type);
  result.Set("programId", link.program_id);
  result.Set("attachType", link.attach_type);
  result.Set("targetBtfId", link.target_btf_id);
  result.Set("cgroupId", Napi::BigInt::New(info.Env(), link.cgroup_id));
  return result;
}

Napi::Value pin_to(const Napi::CallbackInfo& info) {
  pin(Handle<LinkHandle>::of(info[0])->fd.get(), text(info[1], "path"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<LinkHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_link(Napi::Object exports) {
  export_function<attach_to_lsm>(exports, "linkAttachLsm");
  export_function<attach_to_cgroup>(exports, "linkAttachCgroup");
  export_function<attach_as_declared>(exports, "linkAttachAsDeclared");
  export_function<open_pinned>(exports, "linkOpenPinned");
  export_function<describe>(exports, "linkInfo");
  export_function<pin_to>(exports, "linkPin");
  export_function<close>(exports, "linkClose");
}

}  // namespace bpf_lsm
