#include "feature_probe.h"

#include <bpf/bpf.h>
#include <linux/btf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "fd.h"
#include "program.h"

namespace bpf_lsm {

namespace {

constexpr uint32_t kIntSize = 4;

// BTF with one type, `int`, whose id is 1.
struct [[gnu::packed]] IntBtf {
  btf_header header{.magic = BTF_MAGIC,
                    .version = BTF_VERSION,
                    .flags = 0,
                    .hdr_len = sizeof(btf_header),
                    .type_off = 0,
                    .type_len = 16,
                    .str_off = 16,
                    .str_len = 5};
  uint32_t name_offset = 1;
  uint32_t info = BTF_KIND_INT << 24;
  uint32_t size = kIntSize;
  uint32_t encoding = (BTF_INT_SIGNED << 24) | (kIntSize * 8);
  std::array<char, 5> strings{'\0', 'i', 'n', 't', '\0'};
};

UniqueFd load_int_btf() {
  const IntBtf types;
  return UniqueFd(bpf_btf_load(&types, sizeof(types), nullptr));
}

}  // namespace

int probe_map(const MapProbe& probe) {
  UniqueFd types;
  UniqueFd inner;
  LIBBPF_OPTS(bpf_map_create_opts, opts);
  opts.map_flags = probe.flags;
  if (probe.typed) {
    types = load_int_btf();
    if (!types.valid()) return errno;
    opts.btf_fd = static_cast<uint32_t>(types.get());
    opts.btf_key_type_id = 1;
    opts.btf_value_type_id = 1;
  }
  if (probe.holds_arrays) {
    inner = UniqueFd(bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, 4, 4, 1, nullptr));
    if (!inner.valid()) return errno;
    opts.inner_map_fd = static_cast<uint32_t>(inner.get());
  }
  const UniqueFd map(bpf_map_create(static_cast<bpf_map_type>(probe.type), nullptr, probe.key_size,
                                    probe.value_size, probe.max_entries, &opts));
  return map.valid() ? 0 : errno;
}

int probe_cgroup_link(uint32_t flags) {
  const std::array<bpf_insn, 2> allow{bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
                                      bpf_insn{.code = BPF_JMP | BPF_EXIT}};
  const UniqueFd program(
      bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, nullptr, "GPL", allow.data(), allow.size(), nullptr));
  if (!program.valid()) return errno;
  // Not through libbpf, which would have its own opinion of the flags.
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof(attributes));
  attributes.link_create.prog_fd = static_cast<uint32_t>(program.get());
  attributes.link_create.target_fd = static_cast<uint32_t>(-1);
  attributes.link_create.attach_type = BPF_CGROUP_INET_INGRESS;
  attributes.link_create.flags = flags;
  const UniqueFd link(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes))));
  return link.valid() ? 0 : errno;
}

std::optional<int32_t> translated_call(int32_t helper) {
  const std::array<bpf_insn, 4> program{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = -EPERM},
      bpf_insn{.code = BPF_JMP | BPF_CALL, .imm = helper},
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, bpf_insn{.code = BPF_JMP | BPF_EXIT}};
  // Without it, the kernel takes the program for one of packets, which have no return value to set
  // (kernel/bpf/cgroup.c cgroup_common_func_proto()).
  LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_DEVICE);
  const UniqueFd loaded(
      bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, nullptr, "GPL", program.data(), program.size(), &opts));
  if (!loaded.valid()) return std::nullopt;
  const std::vector<std::byte> translated = translated_instructions(loaded.get());
  for (size_t at = 0; at + sizeof(bpf_insn) <= translated.size(); at += sizeof(bpf_insn)) {
    bpf_insn instruction{};
    std::memcpy(&instruction, translated.data() + at, sizeof(instruction));
    // Withheld, the distance is 0 (kernel/bpf/syscall.c bpf_insn_prepare_dump()).
    if (instruction.code == (BPF_JMP | BPF_CALL) && instruction.imm != 0) return instruction.imm;
  }
  return std::nullopt;
}

}  // namespace bpf_lsm
