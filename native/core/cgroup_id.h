// Cgroups of the v2 hierarchy by their ids, which the kernel gives once per boot (fs/kernfs/dir.c
// __kernfs_new_node()).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bpf_lsm {

// The id of the cgroup whose directory is open as `fd`, in the file system with this device number; nothing
// for any other descriptor. Nobody is asked who could let the caller wait, as the process behind a FUSE file
// system could: `fd` may be a stranger's.
std::optional<uint64_t> cgroup_id(int fd, uint64_t device);

// The path of the cgroup with this id, below where the hierarchy is mounted; nothing when there is none.
// Throws EPERM without CAP_DAC_READ_SEARCH.
std::optional<std::string> cgroup_path(const std::string& mount_point, uint64_t id);

}  // namespace bpf_lsm
