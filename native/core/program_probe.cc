#include "program_probe.h"

#include <bpf/bpf.h>

#include <cstring>
#include <vector>

#include "fd.h"

namespace bpf_lsm {

namespace {

// A probe has a handful of instructions: what the verifier says of it takes a few kilobytes.
constexpr size_t kLogBytes = size_t{64} << 10;

}  // namespace

ProbeVerdict probe_program(const ProgramProbe& probe) {
  // Copied: the kernel's structures want their alignment.
  std::vector<bpf_insn> instructions(probe.instructions.size() / sizeof(bpf_insn));
  if (instructions.empty() || probe.instructions.size() % sizeof(bpf_insn) != 0) {
    throw Error(codes::kArgument, "instructions must be a whole number of 8-byte instructions");
  }
  std::memcpy(instructions.data(), probe.instructions.data(), probe.instructions.size());

  static thread_local std::vector<char> log(kLogBytes);
  log[0] = '\0';
  LIBBPF_OPTS(bpf_prog_load_opts, opts);
  opts.expected_attach_type = static_cast<bpf_attach_type>(probe.attach_type);
  opts.prog_flags = probe.flags;
  opts.attach_btf_id = probe.attach_btf_id;
  if (probe.log_level > 0) {
    opts.log_level = probe.log_level;
    opts.log_buf = log.data();
    opts.log_size = static_cast<uint32_t>(log.size());
  }
  const UniqueFd program(bpf_prog_load(static_cast<bpf_prog_type>(probe.program_type), nullptr, "GPL",
                                       instructions.data(), instructions.size(), &opts));
  const int err = program.valid() ? 0 : errno;
  return {.err = err, .log = std::string(log.data(), strnlen(log.data(), log.size()))};
}

}  // namespace bpf_lsm
