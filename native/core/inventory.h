// What there is on this machine, whoever made it: ids of programs, maps, links and BTF objects, and what the
// kernel says of each. All of it needs CAP_SYS_ADMIN (kernel/bpf/syscall.c bpf_obj_get_next_id()).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pin.h"

namespace bpf_lsm {

struct FoundProgram {
  uint32_t id = 0, created_by_uid = 0;
  std::string name, type, tag;
  uint64_t load_time_ns = 0;  // since boot, CLOCK_BOOTTIME
  bool gpl_compatible = false;
  uint32_t xlated_bytes = 0, jited_bytes = 0;
  std::optional<uint64_t> memory_bytes;
  std::vector<uint32_t> map_ids;
  // BTF object of the program's own types, and the id of its function there; 0: none.
  uint32_t btf_id = 0, function_type_id = 0;
  // The function it was loaded for: BTF object and id there; 0: none.
  uint32_t target_object_id = 0, target_btf_id = 0;
  uint64_t run_count = 0, run_time_ns = 0, recursion_misses = 0;
  uint32_t verified_instructions = 0;
};

struct FoundMap {
  uint32_t id = 0;
  std::string name, type;
  uint32_t key_size = 0, value_size = 0, max_entries = 0, flags = 0, btf_id = 0;
  bool frozen = false;
  std::optional<uint64_t> memory_bytes;
  std::optional<std::string> owner_program_type;  // of a program array
};

struct FoundBtf {
  uint32_t id = 0, bytes = 0;
  std::string name;  // vmlinux, or a module's; empty for a program's
  bool of_kernel = false;
};

struct FoundPin {
  ObjectKind kind;
  uint32_t id;
};

std::vector<uint32_t> program_ids();
std::vector<uint32_t> map_ids();
std::vector<uint32_t> link_ids();
std::vector<uint32_t> btf_ids();

// Nothing when the object is gone by now.
std::optional<FoundProgram> find_program(uint32_t id);
std::optional<FoundMap> find_map(uint32_t id);
std::optional<FoundBtf> find_btf(uint32_t id);

// What a path on a bpffs pins; nothing when it is gone by now, or is no pin.
std::optional<FoundPin> find_pin(const std::string& path);

// CLOCK_BOOTTIME, which load times are told in.
uint64_t nanoseconds_since_boot();

}  // namespace bpf_lsm
