// libbpf calls newer than the oldest supported libbpf (1.1), found at run time.
#pragma once

#include <string>

namespace bpf_lsm {

// The libbpf that is loaded, such as "1.1"; the one compiled against may be older or newer.
std::string libbpf_version();

// The address of a libbpf call by its name, or null where the loaded libbpf does not have it.
void* libbpf_symbol(const char* name);

}  // namespace bpf_lsm
