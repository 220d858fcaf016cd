#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstring>

#include "names.h"
#include "text.h"

namespace bpf_lsm {

ProgramInfo program_info(int fd) {
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the program's information");
  }
  return {
      .id = info.id,
      .name = fixed_text(info.name),
      .tag = hex(info.tag, sizeof(info.tag)),
      .type = program_type_name(info.type),
      .created_by_uid = info.created_by_uid,
      .load_time_ns = info.load_time,
      .run_count = info.run_cnt,
      .run_time_ns = info.run_time_ns,
      .attach_btf_object_id = info.attach_btf_obj_id,
      .attach_btf_id = info.attach_btf_id,
      .verified_instructions = info.verified_insns,
  };
}

std::optional<UniqueFd> program_by_id(uint32_t id) {
  UniqueFd program(bpf_prog_get_fd_by_id(id));
  if (program.valid()) return program;
  if (errno == ENOENT) return std::nullopt;
  throw Error(errno, "bpf(BPF_PROG_GET_FD_BY_ID)", "cannot open program " + std::to_string(id));
}

std::vector<std::byte> translated_instructions(int fd) {
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read how long the program is");
  }
  std::vector<std::byte> instructions(info.xlated_prog_len);
  info = {};
  info.xlated_prog_len = static_cast<uint32_t>(instructions.size());
  info.xlated_prog_insns = reinterpret_cast<uintptr_t>(instructions.data());
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the program's instructions");
  }
  // kernel/bpf/syscall.c bpf_prog_get_info_by_fd() takes the address out when it writes nothing there.
  if (info.xlated_prog_insns == 0) instructions.clear();
  return instructions;
}

UniqueFd enable_statistics() {
  UniqueFd statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!statistics.valid()) {
    throw Error(errno, "bpf(BPF_ENABLE_STATS)", "cannot switch on the statistics of programs");
  }
  return statistics;
}

uint32_t program_test_run(int fd, std::span<std::byte> context) {
  // A SYSCALL program's context is copied back into ctx_in itself (net/bpf/test_run.c
  // bpf_prog_test_run_syscall); ctx_out must stay unset or the kernel answers EINVAL.
  LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context.empty() ? nullptr : context.data(),
              .ctx_size_in = static_cast<uint32_t>(context.size()));
  if (bpf_prog_test_run_opts(fd, &opts) < 0) {
    throw Error(errno, "bpf(BPF_PROG_TEST_RUN)", "cannot run the program");
  }
  return opts.retval;
}

}  // namespace bpf_lsm
