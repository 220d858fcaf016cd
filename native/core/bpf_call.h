// bpf(2) itself, for what the oldest supported libbpf has no call for.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace bpf_lsm {

// `attributes` is laid out as the kernel's union bpf_attr has it for this command; -1 with errno on failure.
inline int bpf_call(int command, void* attributes, size_t size) {
  return static_cast<int>(syscall(__NR_bpf, command, attributes, size));
}

}  // namespace bpf_lsm
