// A loaded program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

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

// Nothing when there is no such program any more.
std::optional<UniqueFd> program_by_id(uint32_t id);

// The instructions as the verifier has left them, `struct bpf_insn` after `struct bpf_insn`, those of its own
// functions included; none where the kernel withholds them (without CAP_BPF, or hardened). Without CAP_SYSLOG
// they do not tell which helpers they call (kernel/bpf/syscall.c bpf_insn_prepare_dump()).
std::vector<std::byte> translated_instructions(int fd);

// While the descriptor is open, the kernel counts the runs of all programs, and their time (Linux 5.8).
UniqueFd enable_statistics();

// Runs a program of a type that the kernel can run on demand (SYSCALL among them) with `context` as its
// argument; the program may write the context. Returns the program's return value.
uint32_t program_test_run(int fd, std::span<std::byte> context);

}  // namespace bpf_lsm
