#include "cgroup.h"

#include <linux/bpf.h>

#include <algorithm>

#include "bpf_call.h"
#include "names.h"

namespace bpf_lsm {

namespace {

// The part of union bpf_attr for BPF_PROG_QUERY (include/uapi/linux/bpf.h of Linux 7.3), which the oldest
// headers know without its end. An older kernel takes it as long as what it does not know is zero, and leaves
// that as it is (kernel/bpf/syscall.c bpf_check_uarg_tail_zero()).
struct QueryAttributes {
  uint32_t target_fd, attach_type, query_flags, attach_flags;
  uint64_t prog_ids;
  uint32_t prog_count, padding;
  uint64_t prog_attach_flags, link_ids, link_attach_flags, revision;
};

// The part for BPF_PROG_DETACH, likewise. A kernel that knows a shorter one refuses the rest unless it is
// zero.
struct DetachAttributes {
  uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd, relative_id;
  uint64_t expected_revision;
};

// A list may have grown since its length was told.
constexpr int kTries = 8;

// 64 programs of each attach type (BPF_CGROUP_MAX_PROGS), for each of the ten LSM hooks that can have some.
constexpr size_t kUsualRoom = 64;

}  // namespace

std::optional<CgroupPrograms> cgroup_programs(int cgroup_fd, uint32_t attach_type, bool effective) {
  std::vector<uint32_t> ids(kUsualRoom), flags(kUsualRoom);
  for (int tries = 0; tries < kTries; tries++) {
    QueryAttributes query{};
    query.target_fd = static_cast<uint32_t>(cgroup_fd);
    query.attach_type = attach_type;
    query.query_flags = effective ? BPF_F_QUERY_EFFECTIVE : 0;
    query.prog_ids = reinterpret_cast<uintptr_t>(ids.data());
    query.prog_count = static_cast<uint32_t>(ids.size());
    // kernel/bpf/cgroup.c __cgroup_bpf_query(): wanted for the programs of LSM hooks, refused for effective
    // lists.
    if (!effective) query.prog_attach_flags = reinterpret_cast<uintptr_t>(flags.data());
    if (bpf_call(BPF_PROG_QUERY, &query, sizeof(query)) == 0) {
      CgroupPrograms programs{.entries = {}, .revision = query.revision};
      const size_t count = std::min<size_t>(query.prog_count, ids.size());
      for (size_t i = 0; i < count; i++) programs.entries.push_back({ids[i], flags[i]});
      return programs;
    }
    if (errno == EINVAL) return std::nullopt;
    if (errno != ENOSPC) {
      throw Error(errno, "bpf(BPF_PROG_QUERY)",
                  "cannot list the cgroup's programs of attach type " + attach_type_name(attach_type));
    }
    // What did not find room was counted.
    const size_t room = std::max<size_t>(query.prog_count, ids.size() * 2);
    ids.resize(room);
    flags.resize(room);
  }
  throw Error(EAGAIN, "bpf(BPF_PROG_QUERY)", "the cgroup's programs change faster than they can be listed");
}

void detach_cgroup_program(int cgroup_fd, int program_fd, uint32_t attach_type, uint64_t expected_revision) {
  DetachAttributes detach{};
  detach.target_fd = static_cast<uint32_t>(cgroup_fd);
  detach.attach_bpf_fd = static_cast<uint32_t>(program_fd);
  detach.attach_type = attach_type;
  detach.expected_revision = expected_revision;
  if (bpf_call(BPF_PROG_DETACH, &detach, sizeof(detach)) < 0) {
    throw Error(errno, "bpf(BPF_PROG_DETACH)", "cannot detach the program from the cgroup");
  }
}

}  // namespace bpf_lsm
