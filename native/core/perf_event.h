// The perf events that kprobe and tracepoint programs attach to.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace bpf_lsm {

// An event on a kernel function, `offset` bytes behind its beginning, or on its return.
UniqueFd open_kprobe(const std::string& function, uint64_t offset, bool on_return);

// An event on a tracepoint, such as ("syscalls", "sys_enter_openat").
UniqueFd open_tracepoint(const std::string& category, const std::string& name);

}  // namespace bpf_lsm
