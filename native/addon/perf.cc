#include "../core/perf.h"

#include "args.h"
#include "errors.h"
#include "exports.h"
#include "handles.h"

namespace bpf_lsm {

namespace {

PerfBuffer& perf_of(const Napi::CallbackInfo& info) {
  PerfBuffer* perf = Handle<ReaderHandle>::of(info[0])->perf;
  if (!perf) throw Error(codes::kArgument, "expected the reader of a perf buffer");
  return *perf;
}

// (map, pages per CPU, records that wake, onReadable) => handle; onReadable is called once per readerArm
Napi::Value open(const Napi::CallbackInfo& info) {
  if (!info[3].IsFunction()) refuse("onReadable", "a function");
  const PerfOptions options{.pages = u32(info[1], "pages"), .wakeup_events = u32(info[2], "wakeupEvents")};
  auto perf = std::make_unique<PerfBuffer>(UniqueFd::duplicate(Handle<Map>::of(info[0])->fd()), options);
  PerfBuffer* const same = perf.get();
  auto handle = std::make_shared<ReaderHandle>(std::move(perf));
  handle->perf = same;
  handle->poller =
      std::make_unique<Poller>(info.Env(), same->fd(), PollFor::kReadable, info[3].As<Napi::Function>());
  return Handle<ReaderHandle>::make(info.Env(), std::move(handle));
}

Napi::Value cpus(const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  for (const auto& [cpu, lost, waiting, read] : perf_of(info).cpus()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("cpu", cpu);
    entry.Set("lost", Napi::BigInt::New(info.Env(), lost));
    entry.Set("waiting", static_cast<double>(waiting));
    entry.Set("read", Napi::Boolean::New(info.Env(), read));
    result.Set(result.Length(), entry);
  }
  return result;
}

Napi::Value lost(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), perf_of(info).lost());
}

Napi::Value detach(const Napi::CallbackInfo& info) {
  perf_of(info).detach();
  return info.Env().Undefined();
}

Napi::Value adopt_cpus(const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  for (const uint32_t cpu : perf_of(info).adopt_cpus()) result.Set(result.Length(), cpu);
  return result;
}

}  // namespace

void export_perf(Napi::Object exports) {
  export_function<open>(exports, "perfOpen");
  export_function<cpus>(exports, "perfCpus");
  export_function<lost>(exports, "perfLost");
  export_function<detach>(exports, "perfDetach");
  export_function<adopt_cpus>(exports, "perfAdoptCpus");
}

}  // namespace bpf_lsm
