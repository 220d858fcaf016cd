#include "names.h"

#include <bpf/libbpf.h>

#include <array>
#include <string_view>

namespace bpf_lsm {

namespace {

// What is younger than libbpf 1.1, from include/uapi/linux/bpf.h of Linux 7.3: the first value, and from
// there on.
template <size_t Count>
struct Younger {
  uint32_t first;
  std::array<std::string_view, Count> names;
};

constexpr Younger<1> kProgramTypes{32, {"netfilter"}};
constexpr Younger<14> kAttachTypes{
    44,
    {"struct_ops", "netfilter", "tcx_ingress", "tcx_egress", "trace_uprobe_multi", "cgroup_unix_connect",
     "cgroup_unix_sendmsg", "cgroup_unix_recvmsg", "cgroup_unix_getpeername", "cgroup_unix_getsockname",
     "netkit_primary", "netkit_peer", "trace_kprobe_session", "trace_uprobe_session"}};
constexpr Younger<2> kMapTypes{33, {"arena", "insn_array"}};
constexpr Younger<6> kLinkTypes{9, {"struct_ops", "netfilter", "tcx", "uprobe_multi", "netkit", "sockmap"}};

template <size_t Count>
std::string name_or_number(const char* known, uint32_t value, const Younger<Count>& younger) {
  if (known) return known;
  const uint32_t index = value - younger.first;
  return index < Count ? std::string(younger.names[index]) : std::to_string(value);
}

}  // namespace

std::string program_type_name(uint32_t type) {
  return name_or_number(libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type)), type, kProgramTypes);
}

std::string attach_type_name(uint32_t type) {
  return name_or_number(libbpf_bpf_attach_type_str(static_cast<bpf_attach_type>(type)), type, kAttachTypes);
}

std::optional<uint32_t> attach_type_of(const std::string& name) {
  const uint32_t end = kAttachTypes.first + static_cast<uint32_t>(kAttachTypes.names.size());
  for (uint32_t type = 0; type < end; type++) {
    if (attach_type_name(type) == name) return type;
  }
  return std::nullopt;
}

std::string map_type_name(uint32_t type) {
  return name_or_number(libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type)), type, kMapTypes);
}

std::string link_type_name(uint32_t type) {
  return name_or_number(libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type)), type, kLinkTypes);
}

std::optional<uint32_t> map_type_number(const std::string& name) {
  for (uint32_t type = 1; type < kMapTypes.first + kMapTypes.names.size(); type++) {
    if (map_type_name(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace bpf_lsm
