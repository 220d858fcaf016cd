// The memory of arrays made with BPF_F_MMAPABLE.
#include <bpf/bpf.h>

#include <cstring>

#include "map.h"

namespace bpf_lsm {

namespace {

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

// kernel/bpf/arraymap.c array_map_alloc(): the whole is padded to pages.
size_t in_pages(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

size_t Map::memory_size() const {
  return (info_.value_size + size_t{7}) / 8 * 8 * info_.max_entries;
}

void Map::check_mappable() const {
  if (info_.flags & BPF_F_MMAPABLE) return;
  throw Error(codes::kArgument, "map \"" + info_.name + "\" was not made with BPF_F_MMAPABLE")
      .with_map(info_.name);
}

Mapping& Map::memory() {
  if (memory_) return memory_;
  check_mappable();
  const size_t size = in_pages(memory_size());
  memory_ = Mapping::of(fd_.get(), size, PROT_READ | PROT_WRITE);
  writable_ = static_cast<bool>(memory_);
  // bpf_map_mmap() answers EPERM for a frozen map (.rodata after load) and EACCES for a BPF_F_RDONLY_PROG
  // one.
  if (!memory_ && (errno == EPERM || errno == EACCES)) memory_ = Mapping::of(fd_.get(), size, PROT_READ);
  if (!memory_)
    throw Error(errno, "mmap", "cannot map the memory of map \"" + info_.name + "\"").with_map(info_.name);
  return memory_;
}

Mapping Map::map_memory() const {
  check_mappable();
  Mapping mapping = Mapping::of(fd_.get(), in_pages(memory_size()), PROT_READ | PROT_WRITE);
  if (mapping) return mapping;
  if (errno == EPERM || errno == EACCES) {
    throw Error(codes::kReadOnly, "the memory of map \"" + info_.name +
                                      "\" cannot be shared for writing: the map is frozen, was made for "
                                      "programs to read only, or was opened for reading only")
        .with_map(info_.name);
  }
  throw Error(errno, "mmap", "cannot map the memory of map \"" + info_.name + "\"").with_map(info_.name);
}

void Map::check_range(size_t offset, size_t size) const {
  const size_t bytes = memory_size();
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
