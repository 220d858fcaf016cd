#include "perf_event.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

#include <charconv>
#include <fstream>
#include <iterator>

namespace bpf_lsm {

namespace {

constexpr const char* kProbeUnit = "/sys/bus/event_source/devices/kprobe";

// A number that the kernel shows in a file, behind an optional prefix such as "config:".
uint64_t number_in(const std::string& path, const std::string& prefix = "") {
  std::ifstream file(path);
  if (!file) throw Error(errno, "open", "cannot read " + path).with_path(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  uint64_t number = 0;
  const char* const begin = text.data() + prefix.size();
  const bool fits = text.compare(0, prefix.size(), prefix) == 0 &&
                    std::from_chars(begin, text.data() + text.size(), number).ec == std::errc();
  if (!fits) throw Error(codes::kArgument, path + " holds no number").with_path(path);
  return number;
}

UniqueFd open_event(perf_event_attr& attributes, const std::string& what) {
  attributes.size = sizeof(attributes);
  // Of every process; the processor named matters for samples only, and a program runs on each
  // (kernel/trace/bpf_trace.c trace_call_bpf()).
  const long fd = syscall(__NR_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) throw Error(errno, "perf_event_open", "cannot open a perf event for " + what);
  return UniqueFd(static_cast<int>(fd));
}

// tracefs, where it is mounted today and where it was before Linux 4.1.
std::string tracepoint_directory() {
  for (const char* path : {"/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"}) {
    if (access(path, X_OK) == 0) return path;
  }
  const char* const path = "/sys/kernel/tracing";
  throw Error(ENOENT, "access", "cannot find the tracepoints in tracefs").with_path(path);
}

}  // namespace

UniqueFd open_kprobe(const std::string& function, uint64_t offset, bool on_return) {
  perf_event_attr attributes{};
  attributes.type = static_cast<uint32_t>(number_in(std::string(kProbeUnit) + "/type"));
  if (on_return) {
    attributes.config = 1ULL << number_in(std::string(kProbeUnit) + "/format/retprobe", "config:");
  }
  attributes.kprobe_func = reinterpret_cast<uintptr_t>(function.c_str());
  attributes.probe_offset = offset;
  return open_event(attributes, "function " + function);
}

UniqueFd open_tracepoint(const std::string& category, const std::string& name) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  const std::string path = tracepoint_directory() + "/" + category + "/" + name;
  attributes.config = number_in(path + "/id");
  return open_event(attributes, "tracepoint " + category + "/" + name);
}

}  // namespace bpf_lsm
