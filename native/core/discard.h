// Closing descriptors that a stranger passed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "fd.h"

namespace bpf_lsm {

// Closes each in a thread of its own, which nothing waits for: the close(2) of a file in a FUSE file system
// lasts as long as the process behind it likes (fs/fuse/file.c fuse_flush()). When this returns none of them
// is in the table any more: a child process that inherited one would hang in its execve(2), which closes it
// too, and whoever waits for that child with it.
void discard(std::vector<UniqueFd> descriptors, uid_t sender);

// How many threads are still closing what this user sent.
size_t discarding(uid_t sender);

}  // namespace bpf_lsm
