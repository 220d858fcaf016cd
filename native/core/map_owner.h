// Local storage: maps whose keys are the descriptors of what owns the values (a task, an inode, a socket, a
// cgroup), and arrays of cgroups.
#pragma once

#include <sys/types.h>

#include <string>

#include "fd.h"

namespace bpf_lsm {

// A pidfd of the thread with this id: the main thread of a process has the id of the process.
UniqueFd open_task(pid_t id);

// An O_PATH descriptor: opens nothing, so that it can name devices, pipes and files one may not read.
UniqueFd open_inode(const std::string& path);

UniqueFd open_cgroup(const std::string& path);

}  // namespace bpf_lsm
