// A link: the kernel object that keeps a program attached.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "fd.h"

namespace bpf_lsm {

// What the kernel tells beyond a link's id, by the type of the link. Fields that a kernel does not know stay
// 0.

struct TracingLink {  // fentry, fexit, fmod_ret, lsm, freplace
  std::string attach_type;
  uint32_t target_object_id,
      target_btf_id;  // the BTF object of the function and its id there; freplace: a program
  uint64_t cookie;    // Linux 7.3
};

struct CgroupLink {
  std::string attach_type;
  uint64_t cgroup_id;  // 0 once the cgroup is gone
};

struct RawTracepointLink {
  std::string name;
  uint64_t cookie;  // Linux 7.3
};

struct IteratorLink {
  std::string name;
  uint32_t map_id;
  uint64_t cgroup_id;
  uint32_t order, tid, pid;
};

struct PerfEventLink {  // Linux 6.6
  uint32_t event_type;  // enum bpf_perf_event_type; 0: not told
  std::string name;
  uint32_t offset;
  uint64_t address, cookie;
};

struct LinkInfo {
  uint32_t id = 0, program_id = 0;
  std::string type;
  std::variant<std::monostate, TracingLink, CgroupLink, RawTracepointLink, IteratorLink, PerfEventLink> more;
};

LinkInfo link_info(int fd);

UniqueFd link_by_id(uint32_t id);

// Puts another program in the place of the one that is attached; of `expected_fd`, if there is one.
void update_link(int fd, int program_fd, std::optional<int> expected_fd);

// Detaches the program, whoever else holds the link.
void detach_link(int fd);

// A descriptor to read the output of an iterator from; each has a walk of its own.
UniqueFd start_iterator(int link_fd);

}  // namespace bpf_lsm
