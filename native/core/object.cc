#include "object.h"

#include <bpf/btf.h>

#include <algorithm>

#include "log.h"
#include "names.h"

namespace bpf_lsm {

namespace {

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

std::string text_or_empty(const char* text) {
  return text ? text : "";
}

// A data section's map is called ".bss" here, as its section is. libbpf gives "<object>.bss" for the standard
// sections and ".bss.more" for others, and finds them by the section's name in either case.
std::string name_of(const bpf_map* map) {
  const std::string name = bpf_map__name(map);
  return bpf_map__is_internal(map) ? name.substr(std::min(name.find('.'), name.size())) : name;
}

// libbpf returns -errno, or null with errno set.
int errno_of(int result) {
  return result < 0 ? -result : result;
}

}  // namespace

std::shared_ptr<Object> Object::open(std::span<const std::byte> elf, const OpenOptions& options) {
  if (options.name.find('.') != std::string::npos) {
    throw Error(codes::kArgument, "an object's name cannot have a dot in it: \"" + options.name + "\"");
  }
  LogCapture log;
  LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = or_null(options.name),
              .pin_root_path = or_null(options.pin_root), .kconfig = or_null(options.kconfig),
              .btf_custom_path = or_null(options.btf_path), );
  bpf_object* raw = bpf_object__open_mem(elf.data(), elf.size(), &opts);
  if (!raw) {
    throw Error(errno, "bpf_object__open_mem", "cannot open the BPF object \"" + options.name + "\"")
        .with_libbpf_log(log.take());
  }
  std::shared_ptr<Object> object(new Object(raw));
  object->forget_ring_value_sizes();
  object->log_ = log.take();
  return object;
}

// `__type(value, struct event)` on a ring buffer declares the type of its records. libbpf takes the map's
// value_size from it, and the kernel refuses a ring buffer with one (kernel/bpf/ringbuf.c ringbuf_map_alloc).
void Object::forget_ring_value_sizes() {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF) continue;
    ring_value_types_[bpf_map__name(map)] = bpf_map__btf_value_type_id(map);
    bpf_map__set_key_size(map, 0);
    bpf_map__set_value_size(map, 0);
  }
}

std::vector<MapSpec> Object::maps() const {
  std::vector<MapSpec> specs;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    const std::string name = name_of(map);
    const auto ring = ring_value_types_.find(name);
    specs.push_back({
        .name = name,
        .type = map_type_name(bpf_map__type(map)),
        .key_size = bpf_map__key_size(map),
        .value_size = bpf_map__value_size(map),
        .max_entries = bpf_map__max_entries(map),
        .flags = bpf_map__map_flags(map),
        .key_type_id = bpf_map__btf_key_type_id(map),
        .value_type_id = ring == ring_value_types_.end() ? bpf_map__btf_value_type_id(map) : ring->second,
        .internal = bpf_map__is_internal(map),
        .pin_path = text_or_empty(bpf_map__pin_path(map)),
    });
  }
  return specs;
}

std::span<const std::byte> Object::raw_btf() const {
  const btf* types = bpf_object__btf(object_.get());
  if (!types) return {};
  uint32_t size = 0;
  const void* data = btf__raw_data(types, &size);
  return {static_cast<const std::byte*>(data), data ? size : 0};
}

bpf_map* Object::map(const std::string& name) const {
  bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
  if (!map) throw Error(codes::kUnknown, "the object has no map \"" + name + "\"").with_map(name);
  return map;
}

void Object::set_max_entries(const std::string& name, uint32_t entries) {
  const int result = bpf_map__set_max_entries(map(name), entries);
  if (result) {
    throw Error(errno_of(result), "bpf_map__set_max_entries",
                "cannot set max_entries of map \"" + name + "\"")
        .with_map(name);
  }
}

void Object::set_pin_path(const std::string& name, const std::string& path) {
  const int result = bpf_map__set_pin_path(map(name), or_null(path));
  if (result) {
    throw Error(errno_of(result), "bpf_map__set_pin_path", "cannot set the pin path of map \"" + name + "\"")
        .with_map(name)
        .with_path(path);
  }
}

std::span<std::byte> Object::initial_value(const std::string& name) {
  size_t size = 0;
  // const in libbpf's signature, but the buffer that bpf_map__set_initial_value() itself writes.
  void* data = const_cast<void*>(bpf_map__initial_value(map(name), &size));
  if (loaded_ || !data) {
    throw Error(codes::kArgument, "map \"" + name + "\" is no data section with an initial value")
        .with_map(name);
  }
  return {static_cast<std::byte*>(data), size};
}

void Object::load() {
  LogCapture log;
  const int result = bpf_object__load(object_.get());
  log_ += log.text();
  if (result) {
    throw Error(errno_of(result), "bpf_object__load",
                "cannot load the BPF object \"" + text_or_empty(bpf_object__name(object_.get())) + "\"")
        .with_libbpf_log(log.take());
  }
  loaded_ = true;
}

UniqueFd Object::map_fd(const std::string& name) const {
  const int fd = bpf_map__fd(map(name));
  if (fd < 0) throw Error("ERR_BPF_NOT_LOADED", "map \"" + name + "\" was not created").with_map(name);
  return UniqueFd::duplicate(fd);
}

}  // namespace bpf_lsm
