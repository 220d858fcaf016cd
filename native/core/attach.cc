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

// BPF_LINK_CREATE for a cgroup as of Linux 7.3. libbpf has a place for its end since 1.7.
int create_cgroup_link(int program_fd, int cgroup_fd, uint32_t attach_type, const CgroupPlace& place) {
  struct {
    uint32_t prog_fd, target_fd, attach_type, flags;
    uint32_t relative_id, unused;
    uint64_t expected_revision;
  } attr{};
  attr.prog_fd = static_cast<uint32_t>(program_fd);
  attr.target_fd = static_cast<uint32_t>(cgroup_fd);
  attr.attach_type = attach_type;
  attr.flags = place.flags;
  attr.relative_id = place.relative_id;
  attr.expected_revision = place.expected_revision;
  return bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

}  // namespace

UniqueFd attach_lsm(int program_fd, uint64_t cookie) {
  LogCapture log;
  LIBBPF_OPTS(bpf_link_create_opts, opts);
  opts.tracing.cookie = cookie;
  return link_or_throw(bpf_link_create(program_fd, 0, BPF_LSM_MAC, &opts), "bpf(BPF_LINK_CREATE)",
                       "cannot attach the LSM program", log);
}

UniqueFd attach_cgroup(int program_fd, int cgroup_fd, uint32_t attach_type, const CgroupPlace& place) {
  UniqueFd link(create_cgroup_link(program_fd, cgroup_fd, attach_type, place));
  if (!link.valid()) throw Error(errno, "bpf(BPF_LINK_CREATE)", "cannot attach the program to the cgroup");
  return link;
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

bool takes_attach_type(int program_fd, uint32_t attach_type, uint32_t flags) {
  const UniqueFd link(create_cgroup_link(program_fd, -1, attach_type, {.flags = flags}));
  return !link.valid() && errno == EBADF;
}

}  // namespace bpf_lsm
