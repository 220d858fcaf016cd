// Attaching programs: each call makes a link, and the program runs as long as the link exists.
//
// libbpf's bpf_program__attach() is not used: it wants the object that a program was loaded from, and it
// takes a perf event with it when the bpf_link that it returns is destroyed.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace bpf_lsm {

// Attaches an `lsm/` program to the hook it was loaded for.
UniqueFd attach_lsm(int program_fd, uint64_t cookie);

// Where a program goes among those of the same attach type on a cgroup (Linux 6.17, and some older ones by
// backport). Without anything it goes last, which every kernel can.
struct CgroupPlace {
  uint32_t flags = 0;  // BPF_F_BEFORE, BPF_F_AFTER, BPF_F_PREORDER, BPF_F_ID, BPF_F_LINK
  uint32_t relative_id = 0;
  uint64_t expected_revision = 0;  // 0: whatever it is
};

// Attaches a program to a cgroup, open as a directory.
UniqueFd attach_cgroup(int program_fd, int cgroup_fd, uint32_t attach_type, const CgroupPlace& place);

// Attaches a tracing or freplace program to the function it was loaded for, and a raw tracepoint program to
// the tracepoint of that name. A cookie of 0 is none; raw tracepoints have them since Linux 6.10.
UniqueFd attach_tracing(int program_fd, uint32_t attach_type, uint64_t cookie);
UniqueFd attach_raw_tracepoint(int program_fd, const std::string& name, uint64_t cookie);

// What an iterator walks over; everything there is when nothing is set.
struct IteratorTarget {
  int map_fd = -1;
  int cgroup_fd = -1;
  uint32_t order = 0;  // enum bpf_cgroup_iter_order
  uint32_t tid = 0, pid = 0;
};

UniqueFd attach_iterator(int program_fd, const IteratorTarget& target);

// Attaches a kprobe or tracepoint program to a perf event (see perf_event.h), which the link keeps
// (Linux 5.15).
UniqueFd attach_perf_event(int program_fd, int event_fd, uint64_t cookie);

// Whether a program of a cgroup type, or an LSM program, was loaded for this attach type. The kernel does not
// tell what it was loaded for; it refuses an attachment of another type, or with flags that it does not know,
// before it looks at the cgroup (kernel/bpf/syscall.c link_create(), kernel/bpf/cgroup.c
// cgroup_bpf_link_attach()), so one to no cgroup at all tells, and attaches nothing.
bool takes_attach_type(int program_fd, uint32_t attach_type, uint32_t flags);

}  // namespace bpf_lsm
