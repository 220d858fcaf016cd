#include "ring.h"

#include <bpf/bpf.h>

#include <cstring>
#include <mutex>
#include <unordered_set>

namespace bpf_lsm {

namespace {

constexpr uint32_t kRecordHeader = BPF_RINGBUF_HDR_SZ;

constexpr uint64_t round_up_8(uint64_t size) {
  return (size + 7) & ~uint64_t{7};
}

// Ring buffers being read in this process, by map id.
std::mutex readers_lock;
std::unordered_set<uint32_t>& readers() {
  static std::unordered_set<uint32_t> ids;
  return ids;
}

bool enlist(uint32_t map_id) {
  const std::lock_guard guard(readers_lock);
  return readers().insert(map_id).second;
}

void discharge(uint32_t map_id) {
  const std::lock_guard guard(readers_lock);
  readers().erase(map_id);
}

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
  Drained drained;
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
      if (drained.records == 0)
        throw Error("ERR_BPF_RING", "the ring buffer holds a record longer than what was produced");
      drained.more = true;
      break;
    }
    if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
      const size_t takes = sizeof(SlabRecord) + round_up_8(length);
      if (drained.records == most || takes > slab.size() - drained.bytes) {
        if (drained.records == 0 && most > 0) drained.needed = takes;
        drained.more = true;
        break;
      }
      const SlabRecord label{.size = length, .reserved = 0};
      std::byte* to = slab.data() + drained.bytes;
      std::memcpy(to, &label, sizeof(label));
      std::memcpy(to + sizeof(label), record + kRecordHeader, length);
      drained.bytes += takes;
      drained.records++;
    }
    position += spans;
  }
  __atomic_store_n(consumer_position_, position, __ATOMIC_RELEASE);
  return drained;
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
  if (!enlist(info.id)) {
    throw Error(EBUSY, "open",
                "ring buffer \"" + std::string(info.name) + "\" is already being read in this process")
        .with_map(info.name);
  }
  map_id_ = info.id;
}

Ring::~Ring() {
  if (map_id_) discharge(map_id_);
}

RingView Ring::view() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {reinterpret_cast<uint64_t*>(consumer_.data()), reinterpret_cast<const uint64_t*>(producer_.data()),
          std::span(producer_.data() + page, 2 * size_)};
}

}  // namespace bpf_lsm
