#include "ring.h"

#include <bpf/bpf.h>

namespace bpf_lsm {

namespace {

constexpr uint32_t kRecordHeader = BPF_RINGBUF_HDR_SZ;

}  // namespace

RingView::RingView(uint64_t* consumer_position, const uint64_t* producer_position,
                   std::span<const std::byte> data)
    : consumer_position_(consumer_position),
      producer_position_(producer_position),
      data_(data),
      size_(data.size() / 2) {}

uint64_t RingView::available() const {
  return __atomic_load_n(producer_position_, __ATOMIC_ACQUIRE) -
         __atomic_load_n(consumer_position_, __ATOMIC_RELAXED);
}

Drained RingView::drain(std::span<std::byte> slab, size_t most) {
  SlabWriter out(slab, most);
  uint64_t position = __atomic_load_n(consumer_position_, __ATOMIC_RELAXED);
  const uint64_t produced = __atomic_load_n(producer_position_, __ATOMIC_ACQUIRE);
  if (produced - position > size_ || position % 8 != 0 || produced % 8 != 0)
    throw Error("ERR_BPF_RING", "the ring buffer's positions make no sense");
  while (position != produced) {
    const std::byte* record = data_.data() + (position & (size_ - 1));
    const uint32_t header = __atomic_load_n(reinterpret_cast<const uint32_t*>(record), __ATOMIC_ACQUIRE);
    // Reserved but not yet submitted: everything behind it waits (kernel/bpf/ringbuf.c bpf_ringbuf_commit()).
    if (header & BPF_RINGBUF_BUSY_BIT) break;
    const uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    const uint64_t spans = round_up_8(uint64_t{kRecordHeader} + length);
    if (spans > produced - position) {
      // What is in order goes out first; the next call comes here again.
      if (out.empty())
        throw Error("ERR_BPF_RING", "the ring buffer holds a record longer than what was produced");
      out.leave_some();
      break;
    }
    if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
      std::byte* to = out.add(length, 0);
      if (!to) break;
      std::memcpy(to, record + kRecordHeader, length);
    }
    position += spans;
  }
  __atomic_store_n(consumer_position_, position, __ATOMIC_RELEASE);
  return out.drained();
}

Ring::Ring(UniqueFd map) : map_(std::move(map)) {
  bpf_map_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_.get(), &info, &info_size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the ring buffer's information");
  }
  if (info.type != BPF_MAP_TYPE_RINGBUF) {
    throw Error(codes::kWrongKind, "map \"" + std::string(info.name) + "\" is no ring buffer")
        .with_map(info.name);
  }
  // kernel/bpf/ringbuf.c: page 0 is the consumer's and writable; page 1 is the producer's, followed by the
  // data twice, all read-only.
  size_ = info.max_entries;
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  consumer_ = Mapping::of(map_.get(), page, PROT_READ | PROT_WRITE);
  if (!consumer_)
    throw Error(errno, "mmap", "cannot map the ring buffer's consumer page").with_map(info.name);
  producer_ = Mapping::of(map_.get(), page + 2 * size_, PROT_READ, static_cast<off_t>(page));
  if (!producer_) throw Error(errno, "mmap", "cannot map the ring buffer's data").with_map(info.name);
  seat_ = std::make_unique<Seat>(info.id, info.name, "read");
}

RingView Ring::view() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {reinterpret_cast<uint64_t*>(consumer_.data()), reinterpret_cast<const uint64_t*>(producer_.data()),
          std::span(producer_.data() + page, 2 * size_)};
}

}  // namespace bpf_lsm
