#include "map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstring>

#include "names.h"
#include "text.h"

namespace bpf_lsm {

namespace {

constexpr size_t round_up_8(size_t size) {
  return (size + 7) & ~size_t{7};
}

bool is_per_cpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

size_t possible_cpus() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) throw Error(-cpus, "libbpf_num_possible_cpus", "cannot count the possible CPUs");
  return static_cast<size_t>(cpus);
}

bpf_map_info read_info(int fd) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the map's information");
  }
  return info;
}

template <typename Word>
bool store_word(std::byte* to, std::span<const std::byte> from) {
  if (from.size() != sizeof(Word) || reinterpret_cast<uintptr_t>(to) % alignof(Word) != 0) return false;
  Word word;
  std::memcpy(&word, from.data(), sizeof(word));
  __atomic_store_n(reinterpret_cast<Word*>(to), word, __ATOMIC_RELEASE);
  return true;
}

template <typename Word>
bool load_word(const std::byte* from, std::span<std::byte> to) {
  if (to.size() != sizeof(Word) || reinterpret_cast<uintptr_t>(from) % alignof(Word) != 0) return false;
  const Word word = __atomic_load_n(reinterpret_cast<const Word*>(from), __ATOMIC_ACQUIRE);
  std::memcpy(to.data(), &word, sizeof(word));
  return true;
}

}  // namespace

Map::Map(UniqueFd fd) : fd_(std::move(fd)) {
  const bpf_map_info info = read_info(fd_.get());
  info_ = {
      .id = info.id,
      .name = fixed_text(info.name),
      .type = map_type_name(info.type),
      .key_size = info.key_size,
      .value_size = info.value_size,
      .max_entries = info.max_entries,
      .flags = info.map_flags,
      .btf_id = info.btf_id,
      .key_type_id = info.btf_key_type_id,
      .value_type_id = info.btf_value_type_id,
  };
  value_bytes_ = is_per_cpu(info.type) ? round_up_8(info.value_size) * possible_cpus() : info.value_size;
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
  if (bpf_map_lookup_elem(fd_.get(), key.data(), value.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error(errno, "bpf(BPF_MAP_LOOKUP_ELEM)", "cannot look up a key in map \"" + info_.name + "\"")
      .with_map(info_.name);
}

void Map::update(std::span<const std::byte> key, std::span<const std::byte> value, uint64_t flags) const {
  check_size("key", key.size(), info_.key_size);
  check_size("value", value.size(), value_bytes_);
  if (bpf_map_update_elem(fd_.get(), key.data(), value.data(), flags) == 0) return;
  throw Error(errno, "bpf(BPF_MAP_UPDATE_ELEM)", "cannot set a key of map \"" + info_.name + "\"")
      .with_map(info_.name);
}

bool Map::remove(std::span<const std::byte> key) const {
  check_size("key", key.size(), info_.key_size);
  if (bpf_map_delete_elem(fd_.get(), key.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error(errno, "bpf(BPF_MAP_DELETE_ELEM)", "cannot delete a key of map \"" + info_.name + "\"")
      .with_map(info_.name);
}

bool Map::next_key(std::span<const std::byte> key, std::span<std::byte> next) const {
  if (!key.empty()) check_size("key", key.size(), info_.key_size);
  check_size("key", next.size(), info_.key_size);
  if (bpf_map_get_next_key(fd_.get(), key.empty() ? nullptr : key.data(), next.data()) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error(errno, "bpf(BPF_MAP_GET_NEXT_KEY)", "cannot walk the keys of map \"" + info_.name + "\"")
      .with_map(info_.name);
}

Mapping& Map::memory() {
  if (memory_) return memory_;
  if (!(info_.flags & BPF_F_MMAPABLE)) {
    throw Error(codes::kArgument, "map \"" + info_.name + "\" was not made with BPF_F_MMAPABLE")
        .with_map(info_.name);
  }
  // kernel/bpf/arraymap.c array_map_alloc(): elements are padded to 8 bytes and the whole to pages.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t bytes = round_up_8(info_.value_size) * info_.max_entries;
  const size_t size = (bytes + page - 1) / page * page;
  memory_ = Mapping::of(fd_.get(), size, PROT_READ | PROT_WRITE);
  writable_ = static_cast<bool>(memory_);
  // bpf_map_mmap() answers EPERM for a frozen map (.rodata after load) and EACCES for a BPF_F_RDONLY_PROG
  // one.
  if (!memory_ && (errno == EPERM || errno == EACCES)) memory_ = Mapping::of(fd_.get(), size, PROT_READ);
  if (!memory_)
    throw Error(errno, "mmap", "cannot map the memory of map \"" + info_.name + "\"").with_map(info_.name);
  return memory_;
}

void Map::check_range(size_t offset, size_t size) {
  const size_t bytes = round_up_8(info_.value_size) * info_.max_entries;
  if (offset <= bytes && size <= bytes - offset) return;
  throw Error(codes::kArgument, "bytes " + std::to_string(offset) + " to " + std::to_string(offset + size) +
                                    " are outside map \"" + info_.name + "\" of " + std::to_string(bytes) +
                                    " bytes")
      .with_map(info_.name);
}

void Map::read_memory(size_t offset, std::span<std::byte> into) {
  check_range(offset, into.size());
  if (into.empty()) return;  // has no address that memcpy() would take
  const std::byte* from = memory().data() + offset;
  if (load_word<uint64_t>(from, into) || load_word<uint32_t>(from, into) || load_word<uint16_t>(from, into))
    return;
  std::memcpy(into.data(), from, into.size());
}

void Map::write_memory(size_t offset, std::span<const std::byte> from) {
  check_range(offset, from.size());
  std::byte* to = memory().data() + offset;
  if (!writable_) {
    throw Error(codes::kReadOnly, "map \"" + info_.name + "\" is frozen: its memory can only be read")
        .with_map(info_.name);
  }
  if (from.empty()) return;
  if (store_word<uint64_t>(to, from) || store_word<uint32_t>(to, from) || store_word<uint16_t>(to, from))
    return;
  std::memcpy(to, from.data(), from.size());
}

}  // namespace bpf_lsm
