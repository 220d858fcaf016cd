#include "link.h"

#include <bpf/bpf.h>

#include <array>
#include <cstring>

#include "kernel_link_info.h"
#include "names.h"

namespace bpf_lsm {

namespace {

// Longer than any name of a function (KSYM_NAME_LEN) and any path.
using NameBuffer = std::array<char, 4096>;

KernelLinkInfo ask(int fd, const KernelLinkInfo& question) {
  KernelLinkInfo info = question;
  uint32_t size = sizeof(info);
  // libbpf passes the struct on as it is.
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the link's information");
  }
  return info;
}

std::string text_in(const NameBuffer& buffer) {
  return {buffer.data(), strnlen(buffer.data(), buffer.size())};
}

// Asks once more, with room for the name; `place` puts the room where this type of link has it.
template <typename Place>
KernelLinkInfo ask_for_name(int fd, NameBuffer& buffer, Place place) {
  KernelLinkInfo question{};
  place(question, reinterpret_cast<uintptr_t>(buffer.data()), static_cast<uint32_t>(buffer.size()));
  return ask(fd, question);
}

RawTracepointLink raw_tracepoint(int fd) {
  NameBuffer name{};
  const auto info = ask_for_name(fd, name, [](KernelLinkInfo& question, uint64_t text, uint32_t size) {
    question.raw_tracepoint.name = {text, size};
  });
  return {.name = text_in(name), .cookie = info.raw_tracepoint.cookie};
}

IteratorLink iterator(int fd) {
  NameBuffer name{};
  const auto info = ask_for_name(fd, name, [](KernelLinkInfo& question, uint64_t text, uint32_t size) {
    question.iter.name = text;
    question.iter.name_size = size;
  });
  IteratorLink link{.name = text_in(name), .map_id = 0, .cgroup_id = 0, .order = 0, .tid = 0, .pid = 0};
  // The target's name says which part of the union is filled.
  if (link.name.find("map") != std::string::npos) {
    link.map_id = info.iter.map_id;
  } else if (link.name == "cgroup") {
    link.cgroup_id = info.iter.cgroup.id;
    link.order = info.iter.cgroup.order;
  } else if (link.name.rfind("task", 0) == 0) {
    link.tid = info.iter.task.tid;
    link.pid = info.iter.task.pid;
  }
  return link;
}

PerfEventLink perf_event(int fd, uint32_t event_type) {
  NameBuffer name{};
  const auto info = ask_for_name(fd, name, [&](KernelLinkInfo& question, uint64_t text, uint32_t size) {
    if (event_type == 0 || event_type >= kPerfEventEvent) return;
    // Where the name goes is the same for probes and tracepoints.
    question.perf_event.kprobe.name = text;
    question.perf_event.kprobe.name_size = size;
  });
  PerfEventLink link{.event_type = event_type, .name = text_in(name), .offset = 0, .address = 0, .cookie = 0};
  switch (event_type) {
    case kPerfEventUprobe:
    case kPerfEventUretprobe:
      link.offset = info.perf_event.uprobe.offset;
      link.cookie = info.perf_event.uprobe.cookie;
      break;
    case kPerfEventKprobe:
    case kPerfEventKretprobe:
      link.offset = info.perf_event.kprobe.offset;
      link.address = info.perf_event.kprobe.addr;
      link.cookie = info.perf_event.kprobe.cookie;
      break;
    case kPerfEventTracepoint:
      link.cookie = info.perf_event.tracepoint.cookie;
      break;
    case kPerfEventEvent:
      link.cookie = info.perf_event.event.cookie;
      break;
    default:
      break;
  }
  return link;
}

}  // namespace

LinkInfo link_info(int fd) {
  const KernelLinkInfo info = ask(fd, {});
  LinkInfo result{.id = info.id, .program_id = info.prog_id, .type = link_type_name(info.type), .more = {}};
  switch (info.type) {
    case BPF_LINK_TYPE_TRACING:
      result.more = TracingLink{.attach_type = attach_type_name(info.tracing.attach_type),
                                .target_object_id = info.tracing.target_obj_id,
                                .target_btf_id = info.tracing.target_btf_id,
                                .cookie = info.tracing.cookie};
      break;
    case BPF_LINK_TYPE_CGROUP:
      result.more = CgroupLink{.attach_type = attach_type_name(info.cgroup.attach_type),
                               .cgroup_id = info.cgroup.cgroup_id};
      break;
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
      result.more = raw_tracepoint(fd);
      break;
    case BPF_LINK_TYPE_ITER:
      result.more = iterator(fd);
      break;
    case BPF_LINK_TYPE_PERF_EVENT:
      result.more = perf_event(fd, info.perf_event.type);
      break;
    default:
      break;
  }
  return result;
}

UniqueFd link_by_id(uint32_t id) {
  UniqueFd link(bpf_link_get_fd_by_id(id));
  if (!link.valid())
    throw Error(errno, "bpf(BPF_LINK_GET_FD_BY_ID)", "cannot open link " + std::to_string(id));
  return link;
}

void update_link(int fd, int program_fd, std::optional<int> expected_fd) {
  LIBBPF_OPTS(bpf_link_update_opts, opts);
  if (expected_fd) {
    opts.flags = BPF_F_REPLACE;
    opts.old_prog_fd = static_cast<uint32_t>(*expected_fd);
  }
  if (bpf_link_update(fd, program_fd, &opts) < 0) {
    throw Error(errno, "bpf(BPF_LINK_UPDATE)", "cannot update the link");
  }
}

void detach_link(int fd) {
  if (bpf_link_detach(fd) < 0) throw Error(errno, "bpf(BPF_LINK_DETACH)", "cannot detach the link");
}

UniqueFd start_iterator(int link_fd) {
  UniqueFd iterator(bpf_iter_create(link_fd));
  if (!iterator.valid()) throw Error(errno, "bpf(BPF_ITER_CREATE)", "cannot start the iterator");
  return iterator;
}

}  // namespace bpf_lsm
