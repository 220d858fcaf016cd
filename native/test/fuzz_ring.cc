// Whatever is in the pages of a ring buffer: draining reads within them, writes within the slab, keeps the
// books, and ends.
#include <cstdint>
#include <cstring>
#include <vector>

#include "../core/error.h"
#include "../core/ring.h"
#include "fuzz_input.h"
#include "slab_check.h"

using bpf_lsm::Drained;
using bpf_lsm::RingView;
using bpf_lsm::testing::require;
using bpf_lsm::testing::require_whole_records;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bpf_lsm::testing::FuzzInput input(data, size);
  const size_t ring_size = size_t{64} << input.between(0, 6);
  std::vector<std::byte> slab(input.between(0, 1024));
  const size_t most = input.between(0, 16);
  // Now and then any positions at all, else such as the kernel leaves: some way apart, at multiples of 8.
  const bool any = input.take<uint8_t>() % 8 == 0;
  uint64_t consumer = input.take<uint64_t>();
  if (!any) consumer &= ~uint64_t{7};
  const uint64_t producer =
      any ? input.take<uint64_t>() : consumer + (input.between(0, ring_size) & ~size_t{7});

  std::vector<std::byte> pages(2 * ring_size);
  const auto content = input.take_bytes(ring_size);
  if (!content.empty()) {
    std::memcpy(pages.data(), content.data(), content.size());
    std::memcpy(pages.data() + ring_size, content.data(), content.size());
  }

  RingView view(&consumer, &producer, pages);
  for (int turn = 0; turn < 8; turn++) {
    const uint64_t before = consumer;
    try {
      const Drained drained = view.drain(slab, most);
      require(drained.records <= most && drained.bytes <= slab.size());
      require(drained.needed == 0 || (drained.records == 0 && drained.needed > slab.size()));
      require(consumer - before <= ring_size && producer - consumer <= ring_size);
      require_whole_records(slab, drained, 0);
    } catch (const bpf_lsm::Error&) {
      require(consumer == before);
    }
  }
  return 0;
}
