#include "../core/attach.h"

#include "../core/perf_event.h"
#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

Napi::Value make(const Napi::CallbackInfo& info, UniqueFd fd) {
  return Handle<LinkHandle>::make(info.Env(), std::make_shared<LinkHandle>(std::move(fd)));
}

int program(const Napi::CallbackInfo& info) {
  return Handle<ProgramHandle>::of(info[0])->fd.get();
}

// (program, cookie)
Napi::Value to_lsm(const Napi::CallbackInfo& info) {
  return make(info, attach_lsm(program(info), u64(info[1], "cookie")));
}

// (program, cgroup's descriptor, attach type, flags, relative id, expected revision)
Napi::Value to_cgroup(const Napi::CallbackInfo& info) {
  const int fd = program(info);
  const uint32_t attach_type = u32(info[2], "attachType");
  const CgroupPlace place{
      .flags = u32(info[3], "flags"),
      .relative_id = u32(info[4], "relativeId"),
      .expected_revision = u64(info[5], "expectedRevision"),
  };
  return make(info, attach_cgroup(fd, descriptor(info[1], "cgroup"), attach_type, place));
}

// (program, attach type, cookie)
Napi::Value to_function(const Napi::CallbackInfo& info) {
  return make(info, attach_tracing(program(info), u32(info[1], "attachType"), u64(info[2], "cookie")));
}

// (program, tracepoint, cookie)
Napi::Value to_raw_tracepoint(const Napi::CallbackInfo& info) {
  const int fd = program(info);
  return make(info, attach_raw_tracepoint(fd, text(info[1], "target"), u64(info[2], "cookie")));
}

// (program, { map?, cgroup?, order?, tid?, pid? })
Napi::Value to_iterator(const Napi::CallbackInfo& info) {
  const int fd = program(info);
  if (!info[1].IsObject() || info[1].IsFunction()) refuse("iterate", "an object");
  const auto options = info[1].As<Napi::Object>();
  const auto number = [&](const char* name) {
    const Napi::Value value = options.Get(name);
    return value.IsUndefined() ? 0 : u32(value, name);
  };
  IteratorTarget target{.order = number("order"), .tid = number("tid"), .pid = number("pid")};
  const Napi::Value cgroup = options.Get("cgroup");
  if (!cgroup.IsUndefined()) target.cgroup_fd = descriptor(cgroup, "cgroup");
  const Napi::Value map = options.Get("map");
  // Last: what is read of the options can run JavaScript, which could close the map.
  if (!map.IsUndefined()) target.map_fd = Handle<Map>::of(map)->fd();
  return make(info, attach_iterator(fd, target));
}

// (program, function, offset, on return, cookie)
Napi::Value to_kprobe(const Napi::CallbackInfo& info) {
  const int fd = program(info);
  constexpr uint64_t kMostExact = (1ULL << 53) - 1;
  const std::string function = text(info[1], "target");
  const uint64_t offset = integer(info[2], "offset", kMostExact);
  const bool on_return = flag(info[3], "onReturn");
  const uint64_t cookie = u64(info[4], "cookie");
  return make(info, attach_perf_event(fd, open_kprobe(function, offset, on_return).get(), cookie));
}

// (program, category, name, cookie)
Napi::Value to_tracepoint(const Napi::CallbackInfo& info) {
  const int fd = program(info);
  const std::string category = text(info[1], "category");
  const std::string name = text(info[2], "name");
  const uint64_t cookie = u64(info[3], "cookie");
  return make(info, attach_perf_event(fd, open_tracepoint(category, name).get(), cookie));
}

// (program, attach type, flags) => boolean
Napi::Value takes(const Napi::CallbackInfo& info) {
  const bool taken = takes_attach_type(program(info), u32(info[1], "attachType"), u32(info[2], "flags"));
  return Napi::Boolean::New(info.Env(), taken);
}

}  // namespace

void export_attach(Napi::Object exports) {
  export_function<to_lsm>(exports, "attachLsm");
  export_function<to_cgroup>(exports, "attachCgroup");
  export_function<to_function>(exports, "attachFunction");
  export_function<to_raw_tracepoint>(exports, "attachRawTracepoint");
  export_function<to_iterator>(exports, "attachIterator");
  export_function<to_kprobe>(exports, "attachKprobe");
  export_function<to_tracepoint>(exports, "attachTracepoint");
  export_function<takes>(exports, "programTakesAttachType");
}

}  // namespace bpf_lsm
