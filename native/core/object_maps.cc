// The maps of an object: as they are declared, and as they are wanted.
#include <algorithm>

#include "names.h"
#include "object.h"

namespace bpf_lsm {

namespace {

// A data section's map is called ".bss" here, as its section is. libbpf gives "<object>.bss" for the standard
// sections and ".bss.more" for others.
std::string name_of(const bpf_map* map) {
  const std::string name = bpf_map__name(map);
  return bpf_map__is_internal(map) ? name.substr(std::min(name.find('.'), name.size())) : name;
}

std::optional<InnerMapSpec> inner_of(bpf_map* map) {
  const bpf_map* inner = bpf_map__inner_map(map);
  if (!inner) return std::nullopt;
  return InnerMapSpec{
      .type = map_type_name(bpf_map__type(inner)),
      .key_size = bpf_map__key_size(inner),
      .value_size = bpf_map__value_size(inner),
      .max_entries = bpf_map__max_entries(inner),
      .flags = bpf_map__map_flags(inner),
      .key_type_id = bpf_map__btf_key_type_id(inner),
      .value_type_id = bpf_map__btf_value_type_id(inner),
  };
}

// `__type(value, struct event)` on a map that carries records declares their type. libbpf takes the map's
// value_size from it, and the kernel takes 0 for a ring buffer (kernel/bpf/ringbuf.c ringbuf_map_alloc), and
// the size of a descriptor for a perf event array (kernel/bpf/arraymap.c fd_array_map_alloc_check).
void forget_record_sizes(bpf_map* map) {
  switch (bpf_map__type(map)) {
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      bpf_map__set_key_size(map, 0);
      bpf_map__set_value_size(map, 0);
      return;
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      bpf_map__set_key_size(map, sizeof(uint32_t));
      bpf_map__set_value_size(map, sizeof(uint32_t));
      return;
    default:
      return;
  }
}

}  // namespace

void Object::declare_maps() {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    maps_.push_back({
        .name = name_of(map),
        .map = map,
        .key_type_id = bpf_map__btf_key_type_id(map),
        .value_type_id = bpf_map__btf_value_type_id(map),
        .inner = inner_of(map),
        .inner_like = UniqueFd(),
    });
    forget_record_sizes(map);
  }
}

std::vector<MapSpec> Object::maps() const {
  std::vector<MapSpec> specs;
  for (const auto& [name, map, key_type_id, value_type_id, inner, _] : maps_) {
    const char* pin_path = bpf_map__pin_path(map);
    specs.push_back({
        .name = name,
        .type = map_type_name(bpf_map__type(map)),
        .key_size = bpf_map__key_size(map),
        .value_size = bpf_map__value_size(map),
        .max_entries = bpf_map__max_entries(map),
        .flags = bpf_map__map_flags(map),
        .numa_node = bpf_map__numa_node(map),
        .key_type_id = key_type_id,
        .value_type_id = value_type_id,
        .internal = bpf_map__is_internal(map),
        .autocreate = bpf_map__autocreate(map),
        .pin_path = pin_path ? pin_path : "",
        .inner = inner,
    });
  }
  return specs;
}

size_t Object::index_of(const std::string& name) const {
  const auto found =
      std::find_if(maps_.begin(), maps_.end(), [&](const auto& map) { return map.name == name; });
  if (found == maps_.end())
    throw Error(codes::kUnknown, "the object has no map \"" + name + "\"").with_map(name);
  return static_cast<size_t>(found - maps_.begin());
}

void Object::edited(int result, const char* call, const std::string& map, const char* what) const {
  if (result == 0) return;
  throw Error(result < 0 ? -result : result, call,
              "cannot set " + std::string(what) + " of map \"" + map + "\"")
      .with_map(map);
}

void Object::set_max_entries(const std::string& name, uint32_t entries) {
  edited(bpf_map__set_max_entries(map(name), entries), "bpf_map__set_max_entries", name, "max_entries");
}

void Object::set_pin_path(const std::string& name, const std::string& path) {
  const int result = bpf_map__set_pin_path(map(name), path.empty() ? nullptr : path.c_str());
  edited(result, "bpf_map__set_pin_path", name, "the pin path");
}

void Object::set_map_type(const std::string& name, const std::string& type) {
  const auto number = map_type_number(type);
  if (!number) throw Error(codes::kArgument, "there is no map type \"" + type + "\"").with_map(name);
  edited(bpf_map__set_type(map(name), static_cast<bpf_map_type>(*number)), "bpf_map__set_type", name,
         "the type");
}

void Object::set_key_size(const std::string& name, uint32_t size) {
  edited(bpf_map__set_key_size(map(name), size), "bpf_map__set_key_size", name, "the key size");
}

void Object::set_value_size(const std::string& name, uint32_t size) {
  edited(bpf_map__set_value_size(map(name), size), "bpf_map__set_value_size", name, "the value size");
}

void Object::set_map_flags(const std::string& name, uint32_t flags) {
  edited(bpf_map__set_map_flags(map(name), flags), "bpf_map__set_map_flags", name, "the flags");
}

void Object::set_numa_node(const std::string& name, uint32_t node) {
  edited(bpf_map__set_numa_node(map(name), node), "bpf_map__set_numa_node", name, "the NUMA node");
  // Without the flag the kernel takes no node (kernel/bpf/syscall.c map_create).
  set_map_flags(name, bpf_map__map_flags(map(name)) | BPF_F_NUMA_NODE);
}

void Object::set_autocreate(const std::string& name, bool autocreate) {
  edited(bpf_map__set_autocreate(map(name), autocreate), "bpf_map__set_autocreate", name, "autocreate");
}

void Object::set_inner_map(const std::string& name, int like_fd) {
  DeclaredMap& declared = maps_[index_of(name)];
  if (declared.inner_like.valid()) {
    // libbpf takes one inner map, and the number of its descriptor: the number stays, what it means changes.
    if (dup3(like_fd, declared.inner_like.get(), O_CLOEXEC) < 0) {
      throw Error(errno, "dup3", "cannot set the inner map of map \"" + name + "\"").with_map(name);
    }
    return;
  }
  UniqueFd like = UniqueFd::duplicate(like_fd);
  edited(bpf_map__set_inner_map_fd(declared.map, like.get()), "bpf_map__set_inner_map_fd", name,
         "the inner map");
  declared.inner_like = std::move(like);
}

void Object::reuse_map(const std::string& name, int fd) {
  edited(bpf_map__reuse_fd(map(name), fd), "bpf_map__reuse_fd", name, "the descriptor");
}

UniqueFd Object::map_fd(const std::string& name) const {
  const int fd = bpf_map__fd(map(name));
  if (fd < 0) throw Error("ERR_BPF_NOT_LOADED", "map \"" + name + "\" was not created").with_map(name);
  return UniqueFd::duplicate(fd);
}

}  // namespace bpf_lsm
