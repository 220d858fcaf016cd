// What is attached to a cgroup, as the kernel lists it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fd.h"

namespace bpf_lsm {

struct CgroupPrograms {
  struct Entry {
    uint32_t program_id;
    uint32_t flags;  // BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI, BPF_F_PREORDER; 0 in an effective list
  };
  std::vector<Entry> entries;  // in the order of the kernel's list
  uint64_t revision = 0;       // how often the list has changed, from 1 on; 0 where the kernel does not tell
};

// The programs attached to the cgroup itself, or those that run for it, inherited ones included: of one
// attach type, and of all hooks for BPF_LSM_CGROUP. Nothing for an attach type that this kernel does not
// have. Needs CAP_NET_ADMIN.
std::optional<CgroupPrograms> cgroup_programs(int cgroup_fd, uint32_t attach_type, bool effective);

// Detaches a program that was attached without a link (BPF_PROG_DETACH). `expected_revision`: only while the
// list has this one; 0 where the kernel counts none.
void detach_cgroup_program(int cgroup_fd, int program_fd, uint32_t attach_type, uint64_t expected_revision);

}  // namespace bpf_lsm
