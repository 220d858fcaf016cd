// The names of the kernel's enumerations, as libbpf and bpftool spell them: "lsm", "lsm_mac", "tracing".
#pragma once

#include <cstdint>
#include <string>

namespace bpf_lsm {

// A value that neither the loaded libbpf nor this library knows is given as its number.
std::string program_type_name(uint32_t type);
std::string attach_type_name(uint32_t type);
std::string map_type_name(uint32_t type);
std::string link_type_name(uint32_t type);

}  // namespace bpf_lsm
