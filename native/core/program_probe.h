// Asks the kernel's verifier about a program that nobody means to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace bpf_lsm {

struct ProgramProbe {
  uint32_t program_type = 0, attach_type = 0;
  uint32_t flags = 0;          // BPF_F_SLEEPABLE and the like
  uint32_t attach_btf_id = 0;  // in the kernel's BTF; 0: none
  uint32_t log_level = 0;
  std::span<const std::byte> instructions;
};

struct ProbeVerdict {
  int err = 0;  // 0: the kernel takes it
  std::string log;
};

// Loads the program under a GPL-compatible licence, and drops it at once.
ProbeVerdict probe_program(const ProgramProbe& probe);

}  // namespace bpf_lsm
