#include "user_ring.h"

#include <bpf/bpf.h>

#include <array>
#include <cerrno>

namespace bpf_lsm {

namespace {

constexpr uint32_t kRecordHeader = BPF_RINGBUF_HDR_SZ;

}  // namespace

UserRingView::UserRingView(const uint64_t* consumer_position, uint64_t* producer_position,
                           std::span<std::byte> data)
    : consumer_position_(consumer_position),
      producer_position_(producer_position),
      data_(data),
      size_(data.size() / 2) {}

uint64_t UserRingView::waiting() const {
  return __atomic_load_n(producer_position_, __ATOMIC_RELAXED) -
         __atomic_load_n(consumer_position_, __ATOMIC_ACQUIRE);
}

size_t UserRingView::send(std::span<const std::byte> slab, size_t count) {
  uint64_t position = __atomic_load_n(producer_position_, __ATOMIC_RELAXED);
  const uint64_t consumed = __atomic_load_n(consumer_position_, __ATOMIC_ACQUIRE);
  if (position - consumed > size_ || position % 8 != 0)
    throw Error("ERR_BPF_RING", "the user ring buffer's positions make no sense");
  size_t sent = 0;
  for (size_t offset = 0; sent < count; sent++) {
    SlabRecord label{};
    if (sizeof(label) > slab.size() - offset) throw Error(codes::kArgument, "the slab holds fewer records");
    std::memcpy(&label, slab.data() + offset, sizeof(label));
    offset += sizeof(label);
    const uint64_t takes = round_up_8(uint64_t{kRecordHeader} + label.size);
    if (round_up_8(label.size) > slab.size() - offset)
      throw Error(codes::kArgument, "the slab holds fewer records");
    if (takes > size_) {
      if (sent > 0) break;
      throw Error(E2BIG, "send",
                  "a record of " + std::to_string(label.size) + " bytes is too large for a ring of " +
                      std::to_string(size_));
    }
    if (takes > size_ - (position - consumed)) break;
    std::byte* to = data_.data() + (position & (size_ - 1));
    const std::array<uint32_t, 2> header{label.size, 0};
    std::memcpy(to, header.data(), sizeof(header));
    std::memcpy(to + kRecordHeader, slab.data() + offset, label.size);
    offset += round_up_8(label.size);
    position += takes;
  }
  // kernel/bpf/ringbuf.c __bpf_user_ringbuf_peek(): what lies before this position is complete.
  __atomic_store_n(producer_position_, position, __ATOMIC_RELEASE);
  return sent;
}

UserRing::UserRing(UniqueFd map) : map_(std::move(map)) {
  bpf_map_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_.get(), &info, &info_size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the user ring buffer's information");
  }
  const std::string name = info.name;
  if (info.type != BPF_MAP_TYPE_USER_RINGBUF) {
    throw Error(codes::kWrongKind, "map \"" + name + "\" is no user ring buffer").with_map(name);
  }
  seat_ = std::make_unique<Seat>(info.id, name, "written to");
  // kernel/bpf/ringbuf.c ringbuf_map_mmap_user(): page 0 is the consumer's and read-only; page 1 is the
  // producer's, followed by the data twice, all writable.
  size_ = info.max_entries;
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  consumer_ = Mapping::of(map_.get(), page, PROT_READ);
  if (!consumer_)
    throw Error(errno, "mmap", "cannot map the user ring buffer's consumer page").with_map(name);
  producer_ = Mapping::of(map_.get(), page + 2 * size_, PROT_READ | PROT_WRITE, static_cast<off_t>(page));
  if (!producer_) throw Error(errno, "mmap", "cannot map the user ring buffer's data").with_map(name);
}

UserRingView UserRing::view() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {reinterpret_cast<const uint64_t*>(consumer_.data()), reinterpret_cast<uint64_t*>(producer_.data()),
          std::span(producer_.data() + page, 2 * size_)};
}

}  // namespace bpf_lsm
