// Whether an object file holds together, before libelf and libbpf take that for granted.
#pragma once

#include <cstddef>
#include <span>

namespace bpf_lsm {

// Refuses with ERR_BPF_NOT_ELF what is no ELF file of 64 bits in this machine's byte order; with
// ERR_BPF_OBJECT one that is not for BPF, or whose sections, names, symbols or relocations reach outside of
// what they refer to; with ERR_BPF_BTF malformed types (btf_check.h).
void check_elf(std::span<const std::byte> elf);

}  // namespace bpf_lsm
