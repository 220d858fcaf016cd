#include "../core/link.h"

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

int link(const Napi::CallbackInfo& info) {
  return Handle<LinkHandle>::of(info[0])->fd.get();
}

Napi::Value open_pinned(const Napi::CallbackInfo& info) {
  return make(info, open_pin(text(info[0], "path"), ObjectKind::kLink));
}

Napi::Value open_by_id(const Napi::CallbackInfo& info) {
  return make(info, link_by_id(u32(info[0], "id")));
}

// Puts what a type of link has into the object that JavaScript gets.
class Describer {
 public:
  explicit Describer(Napi::Object result) : result_(result) {}

  void operator()(std::monostate) const {}

  void operator()(const TracingLink& link) const {
    result_.Set("attachType", link.attach_type);
    result_.Set("targetObjectId", link.target_object_id);
    result_.Set("targetBtfId", link.target_btf_id);
    wide("cookie", link.cookie);
  }

  void operator()(const CgroupLink& link) const {
    result_.Set("attachType", link.attach_type);
    wide("cgroupId", link.cgroup_id);
  }

  void operator()(const RawTracepointLink& link) const {
    result_.Set("name", link.name);
    wide("cookie", link.cookie);
  }

  void operator()(const IteratorLink& link) const {
    result_.Set("name", link.name);
    result_.Set("mapId", link.map_id);
    wide("cgroupId", link.cgroup_id);
    result_.Set("order", link.order);
    result_.Set("tid", link.tid);
    result_.Set("pid", link.pid);
  }

  void operator()(const PerfEventLink& link) const {
    result_.Set("eventType", link.event_type);
    result_.Set("name", link.name);
    result_.Set("offset", link.offset);
    wide("address", link.address);
    wide("cookie", link.cookie);
  }

 private:
  void wide(const char* name, uint64_t value) const {
    result_.Set(name, Napi::BigInt::New(result_.Env(), value));
  }

  mutable Napi::Object result_;
};

Napi::Value describe(const Napi::CallbackInfo& info) {
  const LinkInfo told = link_info(link(info));
  auto result = Napi::Object::New(info.Env());
  result.Set("id", told.id);
  result.Set("type", told.type);
  result.Set("programId", told.program_id);
  std::visit(Describer(result), told.more);
  return result;
}

// (link, program, expected old program?)
Napi::Value update(const Napi::CallbackInfo& info) {
  const int fd = link(info);
  const int program = Handle<ProgramHandle>::of(info[1])->fd.get();
  if (info[2].IsUndefined()) {
    update_link(fd, program, std::nullopt);
  } else {
    update_link(fd, program, Handle<ProgramHandle>::of(info[2])->fd.get());
  }
  return info.Env().Undefined();
}

Napi::Value detach(const Napi::CallbackInfo& info) {
  detach_link(link(info));
  return info.Env().Undefined();
}

// => a file descriptor, which is the caller's to close
Napi::Value iterate(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), start_iterator(link(info)).release());
}

Napi::Value pin_to(const Napi::CallbackInfo& info) {
  pin(link(info), text(info[1], "path"));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Handle<LinkHandle>::close(info[0]);
  return info.Env().Undefined();
}

}  // namespace

void export_link(Napi::Object exports) {
  export_function<open_pinned>(exports, "linkOpenPinned");
  export_function<open_by_id>(exports, "linkOpenById");
  export_function<describe>(exports, "linkInfo");
  export_function<update>(exports, "linkUpdate");
  export_function<detach>(exports, "linkDetach");
  export_function<iterate>(exports, "linkIterate");
  export_function<pin_to>(exports, "linkPin");
  export_function<close>(exports, "linkClose");
}

}  // namespace bpf_lsm
