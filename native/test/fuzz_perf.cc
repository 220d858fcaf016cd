// Whatever is in the pages of a perf buffer: draining reads within them, writes within the slab, keeps the
// books, and ends.
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../core/error.h"
#include "../core/perf_view.h"
#include "fuzz_input.h"
#include "slab_check.h"

using bpf_lsm::Drained;
using bpf_lsm::PerfView;
using bpf_lsm::SlabWriter;
using bpf_lsm::testing::FuzzInput;
using bpf_lsm::testing::require;
using bpf_lsm::testing::require_whole_records;

namespace {

void put(std::vector<std::byte>& pages, uint64_t position, uint64_t value) {
  std::memcpy(pages.data() + position % pages.size(), &value, sizeof(value));
}

// Records one after the other, as the kernel writes them, most of them with sizes that make sense.
void fill_with_records(std::vector<std::byte>& pages, uint64_t position, uint64_t head, FuzzInput& input) {
  if (position % 8 != 0) return;
  while (position < head && !input.empty()) {
    constexpr std::array<uint32_t, 4> kTypes{PERF_RECORD_SAMPLE, PERF_RECORD_SAMPLE, PERF_RECORD_LOST,
                                             PERF_RECORD_THROTTLE};
    const auto choice = input.take<uint8_t>();
    const size_t size = choice % 16 == 0 ? input.between(0, 64) : 16 + 8 * input.between(0, 4);
    const uint64_t header = kTypes[choice % kTypes.size()] | static_cast<uint64_t>(size) << 48;
    put(pages, position, header);
    put(pages, position + 8, choice % 16 == 1 ? input.take<uint32_t>() : input.between(0, size - size / 2));
    position += (size + 7) & ~size_t{7};
    if (size == 0) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const size_t page_bytes = size_t{64} << input.between(0, 6);
  std::vector<std::byte> slab(input.between(0, 1024));
  const size_t most = input.between(0, 16);
  // Now and then any positions at all, else such as the kernel leaves: some way apart, at multiples of 8.
  const bool any = input.take<uint8_t>() % 8 == 0;
  uint64_t tail = input.take<uint64_t>();
  if (!any) tail &= ~uint64_t{7};
  const uint64_t head = any ? input.take<uint64_t>() : tail + (input.between(0, page_bytes) & ~size_t{7});

  std::vector<std::byte> pages(page_bytes);
  if (input.take<uint8_t>() % 2 == 0) {
    const auto content = input.take_bytes(page_bytes);
    if (!content.empty()) std::memcpy(pages.data(), content.data(), content.size());
  } else {
    fill_with_records(pages, tail, head, input);
  }

  PerfView view(&head, &tail, pages);
  for (int turn = 0; turn < 8; turn++) {
    const uint64_t before = tail;
    SlabWriter out(slab, most);
    try {
      view.drain(out, 3);
      const Drained& drained = out.drained();
      require(drained.records <= most && drained.bytes <= slab.size());
      require(drained.needed == 0 || (drained.records == 0 && drained.needed > slab.size()));
      require(tail - before <= page_bytes && head - tail <= page_bytes);
      require(drained.more || tail == head);
      require_whole_records(slab, drained, 3);
    } catch (const bpf_lsm::Error&) {
      require(tail == before && out.empty());
    }
  }
  return 0;
}
