#include "attach.h"

#include <bpf/bpf.h>

#include "bpf_call.h"
#include "log.h"

namespace bpf_lsm {

namespace {

UniqueFd link_or_throw(int fd, const char* syscall, const char* what, LogCapture& log) {
  if (fd < 0) throw Error(errno, syscall, what).with_libbpf_log(log.take());
  return UniqueFd(fd);
}

}  // namespace

UniqueFd attach_lsm(int program_fd, uint64_t cookie) {
  LogCapture log;
  LIBBPF_OPTS(bpf_link_create_opts, opts);
  opts.tracing.cookie = cookie;
  return link_or_throw(bpf_link_create(program_fd, 0, BPF_LSM_MAC, &opts), "bpf(BPF_LINK_CREATE)",
                       "cannot attach the LSM program", log);
}

UniqueFd attach_cgroup(int program_fd, int cgroup_fd, uint32_t attach_type) {
  LogCapture log;
  return link_or_throw(
      bpf_link_create(program_fd, cgroup_fd, static_cast<bpf_attach_type>(attach_type), nullptr),
      "bpf(BPF_LINK_CREATE)", "cannot attach the program to the cgroup", log);
}

UniqueFd attach_tracing(int program_fd, uint32_t attach_type, uint64_t cookie) {
  // Without a name, BPF_RAW_TRACEPOINT_OPEN attaches a program where it was loaded for, and does not want to
  // be told how (kernel/bpf/syscall.c bpf_raw_tp_link_attach()).
  if (cookie == 0) return attach_raw_tracepoint(program_fd, "", 0);
  LogCapture log;
  LIBBPF_OPTS(bpf_link_create_opts, opts);
  opts.tracing.cookie = cookie;
  return link_or_throw(bpf_link_create(program_fd, 0, static_cast<bpf_attach_type>(attach_type), &opts),
                       "bpf(BPF_LINK_CREATE)", "cannot attach the program", log);
}

UniqueFd attach_raw_tracepoint(int program_fd, const std::string& name, uint64_t cookie) {
  // libbpf passes cookies since 1.4. A kernel that has none refuses bytes behind those it knows.
  struct {
    uint64_t name;
    uint32_t prog_fd;
    uint32_t unused;
    uint64_t cookie;
  } attr{};
  attr.name = name.empty() ? 0 : reinterpret_cast<uintptr_t>(name.c_str());
  attr.prog_fd = static_cast<uint32_t>(program_fd);
  attr.cookie = cookie;
  LogCapture log;
  return link_or_throw(bpf_call(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr)), "bpf(BPF_RAW_TRACEPOINT_OPEN)",
                       "cannot attach the program", log);
}

UniqueFd attach_iterator(int program_fd, const IteratorTarget& target) {
  LogCapture log;
  bpf_iter_link_info info{};
  bool limited = true;
  if (target.map_fd >= 0) {
    info.map.map_fd = static_cast<uint32_t>(target.map_fd);
  } else if (target.cgroup_fd >= 0) {
    info.cgroup.order = static_cast<bpf_cgroup_iter_order>(target.order);
    info.cgroup.cgroup_fd = static_cast<uint32_t>(target.cgroup_fd);
  } else if (target.tid || target.pid) {
    info.task.tid = target.tid;
    info.task.pid = target.pid;
  } else {
    limited = false;
  }
  LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = limited ? &info : nullptr,
              .iter_info_len = limited ? static_cast<uint32_t>(sizeof(info)) : 0);
  return link_or_throw(bpf_link_create(program_fd, 0, BPF_TRACE_ITER, &opts), "bpf(BPF_LINK_CREATE)",
                       "cannot attach the iterator", log);
}

UniqueFd attach_perf_event(int program_fd, int event_fd, uint64_t cookie) {
  LogCapture log;
  LIBBPF_OPTS(bpf_link_create_opts, opts);
  opts.perf_event.bpf_cookie = cookie;
  return link_or_throw(bpf_link_create(program_fd, event_fd, BPF_PERF_EVENT, &opts), "bpf(BPF_LINK_CREATE)",
                       "cannot attach the program to the perf event", log);
}

bool takes_attach_type(int program_fd, uint32_t attach_type) {
  LogCapture log;
  const UniqueFd link(bpf_link_create(program_fd, -1, static_cast<bpf_attach_type>(attach_type), nullptr));
  return !link.valid() && errno == EBADF;
}

}  // namespace bpf_lsm
