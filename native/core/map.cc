#include "map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <string_view>

#include "names.h"
#include "text.h"

namespace bpf_lsm {

namespace {

bool is_per_cpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

// kernel/bpf/syscall.c bpf_map_value_size(): such maps give and take file descriptors and ids, 4 bytes each.
bool holds_objects(uint32_t type) {
  return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
         type == BPF_MAP_TYPE_CGROUP_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
         type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

size_t possible_cpus() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) throw Error(-cpus, "libbpf_num_possible_cpus", "cannot count the possible CPUs");
  return static_cast<size_t>(cpus);
}

size_t bytes_of_value(const bpf_map_info& info) {
  if (is_per_cpu(info.type)) return (info.value_size + size_t{7}) / 8 * 8 * possible_cpus();
  return holds_objects(info.type) ? sizeof(uint32_t) : info.value_size;
}

bpf_map_info read_info(int fd) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the map's information");
  }
  return info;
}

// The kernel wants no pointer at all for the key of a map without keys (kernel/bpf/syscall.c __bpf_copy_key).
const std::byte* data_or_null(std::span<const std::byte> bytes) {
  return bytes.empty() ? nullptr : bytes.data();
}

}  // namespace

Map::Map(UniqueFd fd) : fd_(std::move(fd)) {
  const bpf_map_info info = read_info(fd_.get());
  info_ = {
      .id = info.id,
      .name = fixed_text(info.name),
      .type = map_type_name(info.type),
      .type_number = info.type,
      .key_size = info.key_size,
      .value_size = info.value_size,
      .max_entries = info.max_entries,
      .flags = info.map_flags,
      .btf_id = info.btf_id,
      .key_type_id = info.btf_key_type_id,
      .value_type_id = info.btf_value_type_id,
  };
  value_bytes_ = bytes_of_value(info);
}

MapAccess Map::access() const {
  const int flags = fcntl(fd_.get(), F_GETFL);
  if (flags < 0) throw Error(errno, "fcntl(F_GETFL)", "cannot tell how the map was opened");
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return MapAccess::kReadOnly;
    case O_WRONLY:
      return MapAccess::kWriteOnly;
    default:
      return MapAccess::kReadWrite;
  }
}

Error Map::failure(int err, const char* command, const char* what) const {
  return Error(err, "bpf(" + std::string(command) + ")",
               "cannot " + std::string(what) + " map \"" + info_.name + "\"")
      .with_map(info_.name);
}

void Map::check_size(const char* what, size_t given, size_t wanted) const {
  if (given == wanted) return;
  throw Error(codes::kArgument, "a " + std::string(what) + " of map \"" + info_.name + "\" takes " +
                                    std::to_string(wanted) + " bytes, not " + std::to_string(given))
      .with_map(info_.name);
}

bool Map::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
  check_size("key", key.size(), info_.key_size);
  check_size("value", value.size(), value_bytes_);
  if (bpf_map_lookup_elem(fd_.get(), data_or_null(key), value.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw failure(errno, "BPF_MAP_LOOKUP_ELEM", "look up a key in");
}

bool Map::take(std::span<const std::byte> key, std::span<std::byte> value) const {
  check_size("key", key.size(), info_.key_size);
  check_size("value", value.size(), value_bytes_);
  if (bpf_map_lookup_and_delete_elem(fd_.get(), data_or_null(key), value.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw failure(errno, "BPF_MAP_LOOKUP_AND_DELETE_ELEM", "take an element from");
}

void Map::update(std::span<const std::byte> key, std::span<const std::byte> value, uint64_t flags) const {
  check_size("key", key.size(), info_.key_size);
  check_size("value", value.size(), value_bytes_);
  if (bpf_map_update_elem(fd_.get(), data_or_null(key), value.data(), flags) == 0) return;
  throw failure(errno, "BPF_MAP_UPDATE_ELEM", "set a key of");
}

bool Map::remove(std::span<const std::byte> key) const {
  check_size("key", key.size(), info_.key_size);
  if (bpf_map_delete_elem(fd_.get(), data_or_null(key)) == 0) return true;
  if (errno == ENOENT) return false;
  throw failure(errno, "BPF_MAP_DELETE_ELEM", "delete a key of");
}

bool Map::next_key(std::span<const std::byte> key, std::span<std::byte> next) const {
  if (!key.empty()) check_size("key", key.size(), info_.key_size);
  check_size("key", next.size(), info_.key_size);
  if (bpf_map_get_next_key(fd_.get(), data_or_null(key), next.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw failure(errno, "BPF_MAP_GET_NEXT_KEY", "walk the keys of");
}

void Map::freeze() {
  // Our own writable mapping, if there is one, would make the kernel answer EBUSY.
  memory_ = Mapping();
  if (bpf_map_freeze(fd_.get()) < 0) throw failure(errno, "BPF_MAP_FREEZE", "freeze");
}

bool Map::frozen() const {
  // Only fdinfo tells it: kernel/bpf/syscall.c bpf_map_show_fdinfo().
  const std::string path = "/proc/self/fdinfo/" + std::to_string(fd_.get());
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t size = file.valid() ? read(file.get(), text.data(), text.size()) : -1;
  if (size < 0) throw Error(errno, "open", "cannot tell whether the map is frozen").with_path(path);
  return std::string_view(text.data(), static_cast<size_t>(size)).find("\nfrozen:\t1") !=
         std::string_view::npos;
}

namespace {

UniqueFd create(uint32_t type, const MapDefinition& definition, bool typed) {
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = definition.flags, .map_extra = definition.extra, );
  if (definition.inner_fd >= 0) opts.inner_map_fd = static_cast<uint32_t>(definition.inner_fd);
  if (definition.numa_node) {
    opts.numa_node = *definition.numa_node;
    opts.map_flags |= BPF_F_NUMA_NODE;
  }
  if (typed) {
    opts.btf_fd = static_cast<uint32_t>(definition.btf_fd);
    opts.btf_key_type_id = definition.key_type_id;
    opts.btf_value_type_id = definition.value_type_id;
  }
  const char* name = definition.name.empty() ? nullptr : definition.name.c_str();
  return UniqueFd(bpf_map_create(static_cast<bpf_map_type>(type), name, definition.key_size,
                                 definition.value_size, definition.max_entries, &opts));
}

}  // namespace

UniqueFd create_map(const MapDefinition& definition) {
  const auto type = map_type_number(definition.type);
  if (!type) throw Error(codes::kArgument, "there is no map type \"" + definition.type + "\"");
  UniqueFd fd;
  if (definition.btf_fd >= 0 && definition.value_type_id != 0) fd = create(*type, definition, true);
  if (!fd.valid()) fd = create(*type, definition, false);
  if (!fd.valid()) {
    throw Error(errno, "bpf(BPF_MAP_CREATE)",
                "cannot create map \"" + definition.name + "\" of type " + definition.type)
        .with_map(definition.name);
  }
  return fd;
}

UniqueFd open_map_by_id(uint32_t id, uint32_t flags) {
  LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = flags, );
  UniqueFd fd(bpf_map_get_fd_by_id_opts(id, &opts));
  if (!fd.valid()) {
    throw Error(errno, "bpf(BPF_MAP_GET_FD_BY_ID)", "cannot open the map with id " + std::to_string(id));
  }
  return fd;
}

}  // namespace bpf_lsm
