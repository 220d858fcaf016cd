#include "inventory.h"

#include <bpf/bpf.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "names.h"
#include "program.h"
#include "text.h"

namespace bpf_lsm {

namespace {

std::vector<uint32_t> ids(int (*next)(uint32_t, uint32_t*), const char* command, const char* what) {
  std::vector<uint32_t> found;
  uint32_t id = 0;
  while (next(id, &id) == 0) found.push_back(id);
  if (errno != ENOENT) throw Error(errno, command, std::string("cannot list the ") + what);
  return found;
}

// Empty when there is no such object any more.
std::optional<UniqueFd> by_id(int fd, const char* command, const char* what, uint32_t id) {
  UniqueFd object(fd);
  if (object.valid()) return object;
  if (errno == ENOENT) return std::nullopt;
  throw Error(errno, command, std::string("cannot open ") + what + " " + std::to_string(id));
}

template <typename Info>
void read_info(int fd, Info& info, const char* what) {
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)",
                std::string("cannot read the information of a ") + what);
  }
}

// /proc/self/fdinfo/FD, which tells what the info structures do not: "memlock:\t4096\n".
class FdInfo {
 public:
  explicit FdInfo(int fd) {
    const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer{};
    const ssize_t size = file.valid() ? read(file.get(), buffer.data(), buffer.size()) : -1;
    // Without /proc the rest is worth telling all the same.
    if (size > 0) text_.append("\n").append(buffer.data(), static_cast<size_t>(size));
  }

  std::optional<uint64_t> number(std::string_view field) const {
    const std::string line = "\n" + std::string(field) + ":\t";
    const size_t at = text_.find(line);
    if (at == std::string::npos) return std::nullopt;
    return std::strtoull(text_.c_str() + at + line.size(), nullptr, 0);
  }

 private:
  std::string text_;
};

// The maps of a program, and the function it begins with.
void read_parts(int fd, const bpf_prog_info& sizes, FoundProgram& program) {
  std::vector<uint32_t> map_ids(sizes.nr_map_ids);
  std::vector<std::byte> function(sizes.func_info_rec_size);
  bpf_prog_info info{};
  info.nr_map_ids = static_cast<uint32_t>(map_ids.size());
  info.map_ids = reinterpret_cast<uintptr_t>(map_ids.data());
  if (sizes.nr_func_info > 0 && function.size() >= sizeof(bpf_func_info)) {
    info.nr_func_info = 1;
    info.func_info_rec_size = sizes.func_info_rec_size;
    info.func_info = reinterpret_cast<uintptr_t>(function.data());
  }
  const bool has_function = info.nr_func_info > 0;
  read_info(fd, info, "program");

  // A map may have been bound to the program meanwhile.
  if (info.nr_map_ids < map_ids.size()) map_ids.resize(info.nr_map_ids);
  program.map_ids = std::move(map_ids);
  if (has_function) {
    bpf_func_info first{};
    std::memcpy(&first, function.data(), sizeof(first));
    program.function_type_id = first.type_id;
  }
}

}  // namespace

std::vector<uint32_t> program_ids() {
  return ids(bpf_prog_get_next_id, "bpf(BPF_PROG_GET_NEXT_ID)", "programs");
}

std::vector<uint32_t> map_ids() {
  return ids(bpf_map_get_next_id, "bpf(BPF_MAP_GET_NEXT_ID)", "maps");
}

std::vector<uint32_t> link_ids() {
  return ids(bpf_link_get_next_id, "bpf(BPF_LINK_GET_NEXT_ID)", "links");
}

std::vector<uint32_t> btf_ids() {
  return ids(bpf_btf_get_next_id, "bpf(BPF_BTF_GET_NEXT_ID)", "BTF objects");
}

std::optional<FoundProgram> find_program(uint32_t id) {
  const auto fd = program_by_id(id);
  if (!fd) return std::nullopt;
  bpf_prog_info info{};
  read_info(fd->get(), info, "program");
  FoundProgram program{
      .id = info.id,
      .created_by_uid = info.created_by_uid,
      .name = fixed_text(info.name),
      .type = program_type_name(info.type),
      .tag = hex(info.tag, sizeof(info.tag)),
      .load_time_ns = info.load_time,
      .gpl_compatible = info.gpl_compatible != 0,
      .xlated_bytes = info.xlated_prog_len,
      .jited_bytes = info.jited_prog_len,
      .memory_bytes = FdInfo(fd->get()).number("memlock"),
      .map_ids = {},
      .btf_id = info.btf_id,
      .function_type_id = 0,
      .target_object_id = info.attach_btf_obj_id,
      .target_btf_id = info.attach_btf_id,
      .run_count = info.run_cnt,
      .run_time_ns = info.run_time_ns,
      .recursion_misses = info.recursion_misses,
      .verified_instructions = info.verified_insns,
  };
  read_parts(fd->get(), info, program);
  return program;
}

std::optional<FoundMap> find_map(uint32_t id) {
  // To be looked at, a map need not be writable.
  LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
  const auto fd = by_id(bpf_map_get_fd_by_id_opts(id, &opts), "bpf(BPF_MAP_GET_FD_BY_ID)", "map", id);
  if (!fd) return std::nullopt;
  bpf_map_info info{};
  read_info(fd->get(), info, "map");
  const FdInfo more(fd->get());
  FoundMap map{
      .id = info.id,
      .name = fixed_text(info.name),
      .type = map_type_name(info.type),
      .key_size = info.key_size,
      .value_size = info.value_size,
      .max_entries = info.max_entries,
      .flags = info.map_flags,
      .btf_id = info.btf_id,
      .frozen = more.number("frozen").value_or(0) != 0,
      .memory_bytes = more.number("memlock"),
      .owner_program_type = {},
  };
  if (const auto owner = more.number("owner_prog_type"))
    map.owner_program_type = program_type_name(static_cast<uint32_t>(*owner));
  return map;
}

std::optional<FoundBtf> find_btf(uint32_t id) {
  const auto fd = by_id(bpf_btf_get_fd_by_id(id), "bpf(BPF_BTF_GET_FD_BY_ID)", "BTF object", id);
  if (!fd) return std::nullopt;
  // A module's name: include/linux/moduleparam.h MODULE_NAME_LEN, 56.
  std::array<char, 64> name{};
  bpf_btf_info info{};
  info.name = reinterpret_cast<uintptr_t>(name.data());
  info.name_len = name.size();
  read_info(fd->get(), info, "BTF object");
  return FoundBtf{
      .id = info.id,
      .bytes = info.btf_size,
      .name = std::string(name.data(), strnlen(name.data(), name.size())),
      .of_kernel = info.kernel_btf != 0,
  };
}

std::optional<FoundPin> find_pin(const std::string& path) {
  const UniqueFd fd(bpf_obj_get(path.c_str()));
  if (!fd.valid()) {
    // kernel/bpf/inode.c bpf_inode_type(): EACCES is also the answer for a file that is no pin.
    if (errno == ENOENT || errno == EACCES) return std::nullopt;
    throw Error(errno, "bpf(BPF_OBJ_GET)", "cannot open the pin " + path).with_path(path);
  }
  const ObjectKind kind = kind_of(fd.get());
  switch (kind) {
    case ObjectKind::kMap: {
      bpf_map_info info{};
      read_info(fd.get(), info, "map");
      return FoundPin{.kind = kind, .id = info.id};
    }
    case ObjectKind::kProgram: {
      bpf_prog_info info{};
      read_info(fd.get(), info, "program");
      return FoundPin{.kind = kind, .id = info.id};
    }
    case ObjectKind::kLink: {
      bpf_link_info info{};
      read_info(fd.get(), info, "link");
      return FoundPin{.kind = kind, .id = info.id};
    }
  }
  return std::nullopt;
}

uint64_t nanoseconds_since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace bpf_lsm
