// A link: the kernel object that keeps a program attached.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"
#include "object.h"

namespace bpf_lsm {

struct LinkInfo {
  uint32_t id = 0, program_id = 0;
  std::string type;
  std::string attach_type;     // of tracing and cgroup links; empty for others
  uint32_t target_btf_id = 0;  // of tracing links
  uint64_t cgroup_id = 0;      // of cgroup links; 0 once the cgroup is gone
};

// Attaches an `lsm/` program to the hook it was loaded for.
UniqueFd attach_lsm(int program_fd, uint64_t cookie);

// Attaches a program to a cgroup, open as a directory.
UniqueFd attach_cgroup(int program_fd, int cgroup_fd, uint32_t attach_type);

// Attaches a program of an object as its section name says (raw_tp, tracepoint, fentry, iter and the like).
UniqueFd attach_by_section(const Object& object, const std::string& program);

LinkInfo link_info(int fd);

}  // namespace bpf_lsm
