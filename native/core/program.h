// A loaded program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fd.h"

namespace bpf_lsm {

struct ProgramInfo {
  uint32_t id;
  std::string name, tag, type;
  uint32_t created_by_uid;
  uint64_t load_time_ns;  // since boot, CLOCK_BOOTTIME
  uint64_t run_count, run_time_ns;
  uint32_t attach_btf_object_id, attach_btf_id;
  uint32_t verified_instructions;
};

ProgramInfo program_info(int fd);

// While the descriptor is open, the kernel counts the runs of all programs, and their time (Linux 5.8).
UniqueFd enable_statistics();

// Runs a program of a type that the kernel can run on demand (SYSCALL among them) with `context` as its
// argument; the program may write the context. Returns the program's return value.
uint32_t program_test_run(int fd, std::span<std::byte> context);

}  // namespace bpf_lsm
