// Lists of CPUs as the kernel writes them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace bpf_lsm {

// "0-3,7": in ascending order (lib/vsprintf.c bitmap_list_string). Throws on anything else.
std::vector<uint32_t> parse_cpu_list(std::string_view text);

// The CPUs that run at this moment.
std::vector<uint32_t> online_cpus();

}  // namespace bpf_lsm
