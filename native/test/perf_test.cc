#include <array>
#include <cstring>

#include "../core/cpu_list.h"
#include "../core/perf_view.h"
#include "expect.h"

using bpf_lsm::Drained;
using bpf_lsm::parse_cpu_list;
using bpf_lsm::PerfView;
using bpf_lsm::SlabRecord;
using bpf_lsm::SlabWriter;
using bpf_lsm::testing::Case;

namespace {

// One CPU's pages as the kernel fills them (kernel/events/ring_buffer.c).
struct FakePages {
  static constexpr size_t kSize = 256;
  uint64_t head = 0, tail = 0;
  std::array<std::byte, kSize> data{};

  void write(uint64_t position, std::span<const std::byte> from) {
    for (const std::byte byte : from) data[position++ % kSize] = byte;
  }

  void put(uint32_t type, std::span<const std::byte> content) {
    const size_t size = (sizeof(perf_event_header) + content.size() + 7) & ~size_t{7};
    const perf_event_header header{.type = type, .misc = 0, .size = static_cast<uint16_t>(size)};
    write(head, std::as_bytes(std::span(&header, 1)));
    write(head + sizeof(header), content);
    head += size;
  }

  // As perf_prepare_sample() pads it: with the u32 before it a multiple of 8.
  void sample(const std::string& record) {
    const uint32_t size = static_cast<uint32_t>(((record.size() + 4 + 7) & ~size_t{7}) - 4);
    std::vector<std::byte> content(sizeof(size) + size);
    std::memcpy(content.data(), &size, sizeof(size));
    std::memcpy(content.data() + sizeof(size), record.data(), record.size());
    put(PERF_RECORD_SAMPLE, content);
  }

  void lost(uint64_t count) {
    const std::array<uint64_t, 2> content{1, count};
    put(PERF_RECORD_LOST, std::as_bytes(std::span(content)));
  }

  PerfView view() { return {&head, &tail, data}; }
};

std::string record_at(std::span<const std::byte> slab, size_t offset, uint32_t cpu) {
  SlabRecord label{};
  std::memcpy(&label, slab.data() + offset, sizeof(label));
  EXPECT(label.cpu == cpu);
  // Without the padding.
  return {reinterpret_cast<const char*>(slab.data() + offset + sizeof(label))};
}

const Case in_order("samples come out in order, with the CPU they came from", [] {
  FakePages pages;
  pages.sample("one");
  pages.sample("a longer one");
  std::array<std::byte, 128> slab{};
  SlabWriter out(slab, 10);
  EXPECT(pages.view().available() == 16 + 24);
  EXPECT(pages.view().drain(out, 5) == 0);
  EXPECT(out.drained().records == 2 && !out.drained().more);
  EXPECT(record_at(slab, 0, 5) == "one" && record_at(slab, 16, 5) == "a longer one");
  EXPECT(pages.tail == pages.head && pages.view().available() == 0);
});

const Case losses("what was lost is counted, wherever it stands, and other records are passed over", [] {
  FakePages pages;
  pages.lost(7);
  pages.sample("here");
  const std::array<uint64_t, 3> throttle{};
  pages.put(PERF_RECORD_THROTTLE, std::as_bytes(std::span(throttle)));
  pages.lost(3);
  std::array<std::byte, 128> slab{};
  SlabWriter out(slab, 10);
  EXPECT(pages.view().drain(out, 0) == 10);
  EXPECT(out.drained().records == 1 && pages.tail == pages.head);
});

const Case wrapping("a sample across the end of the pages comes out whole", [] {
  for (size_t before = 8; before <= 40; before += 8) {
    FakePages pages;
    pages.head = pages.tail = 10 * FakePages::kSize - before;
    pages.sample("across the end of the pages");
    std::array<std::byte, 128> slab{};
    SlabWriter out(slab, 10);
    pages.view().drain(out, 1);
    EXPECT(record_at(slab, 0, 1) == "across the end of the pages");
  }
});

const Case several("one slab takes the samples of several CPUs, until it is full", [] {
  FakePages first, second;
  first.sample("1");
  second.sample("2");
  second.sample("3");
  std::array<std::byte, 128> slab{};
  SlabWriter out(slab, 2);
  first.view().drain(out, 1);
  second.view().drain(out, 2);
  EXPECT(out.drained().records == 2 && out.drained().more);
  EXPECT(record_at(slab, 0, 1) == "1" && record_at(slab, 16, 2) == "2");
  EXPECT(second.view().available() == 16);
});

const Case too_long("a sample that no slab of this size can hold says how much it needs", [] {
  FakePages pages;
  pages.lost(2);
  pages.sample(std::string(100, 'x'));
  std::array<std::byte, 64> slab{};
  SlabWriter out(slab, 10);
  EXPECT(pages.view().drain(out, 0) == 2);
  EXPECT(out.drained().records == 0 && out.drained().more && out.drained().needed == 8 + 104);
  EXPECT(pages.view().available() == 112);
});

const Case nonsense("positions and sizes that make no sense are refused, after what is in order", [] {
  std::array<std::byte, 128> slab{};
  FakePages positions;
  positions.head = 10 * FakePages::kSize;
  SlabWriter none(slab, 10);
  EXPECT_ERROR(positions.view().drain(none, 0), "ERR_BPF_RING");

  for (const uint16_t size : {0, 4, 12, 200}) {
    FakePages pages;
    pages.sample("in order");
    pages.sample("not");
    const perf_event_header header{.type = PERF_RECORD_SAMPLE, .misc = 0, .size = size};
    pages.write(24, std::as_bytes(std::span(&header, 1)));
    SlabWriter out(slab, 10);
    pages.view().drain(out, 0);
    EXPECT(out.drained().records == 1 && out.drained().more && pages.tail == 24);
    SlabWriter rest(slab, 10);
    EXPECT_ERROR(pages.view().drain(rest, 0), "ERR_BPF_RING");
  }

  FakePages longer;
  longer.sample("x");
  const std::array<uint32_t, 1> size{1000};
  longer.write(8, std::as_bytes(std::span(size)));
  SlabWriter out(slab, 10);
  EXPECT_ERROR(longer.view().drain(out, 0), "ERR_BPF_RING");
});

const Case cpu_lists("lists of CPUs", [] {
  using List = std::vector<uint32_t>;
  EXPECT((parse_cpu_list("0\n") == List{0}));
  EXPECT((parse_cpu_list("0-3,7,9-10\n") == List{0, 1, 2, 3, 7, 9, 10}));
  EXPECT(parse_cpu_list("\n").empty() && parse_cpu_list("").empty());
  for (const char* wrong :
       {"x", "1-", "-1", "3-1", "1,1", "2,1", "0,", ",0", "0 1", "1\n\n", "99999999999", "70000"})
    EXPECT_ERROR(parse_cpu_list(wrong), "ERR_BPF_CPUS");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
