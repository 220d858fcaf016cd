#include "perf_view.h"

#include <algorithm>

#include "error.h"

namespace bpf_lsm {

namespace {

// What follows the header of a PERF_RECORD_LOST (include/uapi/linux/perf_event.h).
struct Lost {
  uint64_t id;
  uint64_t count;
};

[[noreturn]] void refuse_page(const char* what) {
  throw Error("ERR_BPF_RING", std::string("the perf buffer ") + what);
}

}  // namespace

PerfView::PerfView(const uint64_t* head, uint64_t* tail, std::span<const std::byte> data)
    : head_(head), tail_(tail), data_(data) {}

uint64_t PerfView::available() const {
  return __atomic_load_n(head_, __ATOMIC_ACQUIRE) - __atomic_load_n(tail_, __ATOMIC_RELAXED);
}

uint64_t PerfView::drain(SlabWriter& out, uint32_t cpu) {
  uint64_t lost = 0;
  uint64_t tail = __atomic_load_n(tail_, __ATOMIC_RELAXED);
  const uint64_t head = __atomic_load_n(head_, __ATOMIC_ACQUIRE);
  // kernel/events/ring_buffer.c: records are padded to 8 bytes, and so are both positions.
  if (head - tail > data_.size() || head % 8 != 0 || tail % 8 != 0)
    refuse_page("has positions that make no sense");
  const char* nonsense = nullptr;
  while (tail != head) {
    const auto header = read<perf_event_header>(tail);
    const uint64_t body = tail + sizeof(header);
    if (header.size < sizeof(header) || header.size % 8 != 0 || header.size > head - tail) {
      nonsense = "holds a record of a size that makes no sense";
      break;
    }
    const uint64_t content = header.size - sizeof(header);
    if (header.type == PERF_RECORD_SAMPLE) {
      // PERF_SAMPLE_RAW alone: the size, then what the program sent and padding.
      const uint32_t size = content < 8 ? 0 : read<uint32_t>(body);
      if (content < 8 || size > content - sizeof(size)) {
        nonsense = "holds a sample that ends after its record";
        break;
      }
      std::byte* to = out.add(size, cpu);
      if (!to) break;
      copy(body + sizeof(size), {to, size});
    } else if (header.type == PERF_RECORD_LOST) {
      if (content < sizeof(Lost)) {
        nonsense = "holds a count of lost records that is too short";
        break;
      }
      lost += read<Lost>(body).count;
    }
    tail += header.size;
  }
  // What is in order goes out first; the next call comes to the same record again.
  if (nonsense && out.empty() && lost == 0) refuse_page(nonsense);
  if (nonsense) out.leave_some();
  __atomic_store_n(tail_, tail, __ATOMIC_RELEASE);
  return lost;
}

template <typename T>
T PerfView::read(uint64_t position) const {
  T value{};
  copy(position, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

// In two parts when the bytes go on at the beginning of the pages.
void PerfView::copy(uint64_t position, std::span<std::byte> to) const {
  if (to.empty()) return;
  const size_t at = position & (data_.size() - 1);
  const size_t first = std::min(to.size(), data_.size() - at);
  std::memcpy(to.data(), data_.data() + at, first);
  if (first < to.size()) std::memcpy(to.data() + first, data_.data(), to.size() - first);
}

}  // namespace bpf_lsm
