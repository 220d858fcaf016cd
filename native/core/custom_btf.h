// BTF of a file, for libbpf to relocate against instead of the running kernel's.
#pragma once

#include <string>

#include "fd.h"

namespace bpf_lsm {

// A sealed copy of the file's BTF, which holds together: libbpf reads its file only at load, and what is
// there by then may be something else. Refuses with ERR_BPF_BTF what is malformed, an ELF file that has BTF
// in it included.
UniqueFd custom_btf(const std::string& path);

}  // namespace bpf_lsm
