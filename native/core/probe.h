// Questions to the running kernel that no file answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bpf_lsm {

// The ids of the active LSMs in their order, from lsm_list_modules(2) (Linux 6.8); nothing where the kernel
// does not have the call.
std::optional<std::vector<uint64_t>> active_lsm_ids();

// The version of the Landlock ABI (Linux 5.13), or nothing where Landlock is not there or not active.
std::optional<int> landlock_abi();

// The BTF of a kernel BTF object by its id, as a map or program names it. Needs CAP_SYS_ADMIN.
std::vector<std::byte> btf_by_id(uint32_t id);

}  // namespace bpf_lsm
