// The names of the kernel's enumerations, as libbpf and bpftool spell them: "lsm", "lsm_mac", "tracing".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bpf_lsm {

// A value that neither the loaded libbpf nor this library knows is given as its number.
std::string program_type_name(uint32_t type);
std::string attach_type_name(uint32_t type);
// The value of that name; nothing for a name of none.
std::optional<uint32_t> attach_type_of(const std::string& name);
std::string map_type_name(uint32_t type);
std::string link_type_name(uint32_t type);

// The map type of that name; empty when there is none.
std::optional<uint32_t> map_type_number(const std::string& name);

}  // namespace bpf_lsm
