#include "../core/ring.h"

#include <array>
#include <cstring>

#include "expect.h"

using bpf_lsm::Drained;
using bpf_lsm::RingView;
using bpf_lsm::SlabRecord;
using bpf_lsm::testing::Case;

namespace {

constexpr uint32_t kBusy = 1u << 31;
constexpr uint32_t kDiscarded = 1u << 30;

// A ring as the kernel lays it out, mapped twice in a row; here a copy stands for the second mapping.
struct FakeRing {
  static constexpr size_t kSize = 256;
  uint64_t consumer = 0, producer = 0;
  alignas(8) std::array<std::byte, 2 * kSize> data{};

  void put(const std::string& record, uint32_t flags = 0) {
    const std::array<uint32_t, 2> header{static_cast<uint32_t>(record.size()) | flags, 0};
    write(producer, std::as_bytes(std::span(header)));
    write(producer + 8, std::as_bytes(std::span(record)));
    producer += (8 + record.size() + 7) & ~size_t{7};
  }

  void write(uint64_t position, std::span<const std::byte> from) {
    for (const std::byte byte : from) {
      const size_t at = position++ % kSize;
      data[at] = data[at + kSize] = byte;
    }
  }

  RingView view() { return {&consumer, &producer, data}; }
};

std::string record_at(const std::byte* slab, size_t offset) {
  SlabRecord label{};
  std::memcpy(&label, slab + offset, sizeof(label));
  return {reinterpret_cast<const char*>(slab + offset + sizeof(label)), label.size};
}

const Case in_order("records come out in order, padded to 8 bytes", [] {
  FakeRing ring;
  ring.put("one");
  ring.put("a longer one");
  alignas(8) std::array<std::byte, 128> slab{};
  const Drained drained = ring.view().drain(slab, 10);
  EXPECT(drained.records == 2 && drained.bytes == 16 + 24 && !drained.more);
  EXPECT(record_at(slab.data(), 0) == "one");
  EXPECT(record_at(slab.data(), 16) == "a longer one");
  EXPECT(ring.consumer == ring.producer && ring.view().available() == 0);
});

const Case bounded("no more than asked for, and the rest later", [] {
  FakeRing ring;
  for (const char* record : {"1", "2", "3"}) ring.put(record);
  std::array<std::byte, 128> slab{};
  const Drained first = ring.view().drain(slab, 2);
  EXPECT(first.records == 2 && first.more && first.needed == 0);
  const Drained second = ring.view().drain(slab, 2);
  EXPECT(second.records == 1 && !second.more && record_at(slab.data(), 0) == "3");
});

const Case busy("a record that is still being written holds up those behind it", [] {
  FakeRing ring;
  ring.put("done");
  ring.put("busy", kBusy);
  ring.put("behind");
  std::array<std::byte, 128> slab{};
  const Drained drained = ring.view().drain(slab, 10);
  EXPECT(drained.records == 1 && !drained.more);
  EXPECT(ring.view().available() == 32);
});

const Case discarded("discarded records are passed over", [] {
  FakeRing ring;
  ring.put("gone", kDiscarded);
  ring.put("here");
  std::array<std::byte, 128> slab{};
  EXPECT(ring.view().drain(slab, 10).records == 1);
  EXPECT(record_at(slab.data(), 0) == "here");
});

const Case wrapping("a record across the end of the ring comes out whole", [] {
  FakeRing ring;
  ring.consumer = ring.producer = FakeRing::kSize - 16;
  ring.put("across the end of the ring");
  std::array<std::byte, 128> slab{};
  EXPECT(ring.view().drain(slab, 10).records == 1);
  EXPECT(record_at(slab.data(), 0) == "across the end of the ring");
});

const Case too_long("a record that no slab of this size can hold says how much it needs", [] {
  FakeRing ring;
  ring.put(std::string(100, 'x'));
  std::array<std::byte, 64> slab{};
  const Drained drained = ring.view().drain(slab, 10);
  EXPECT(drained.records == 0 && drained.more && drained.needed == 8 + 104);
  EXPECT(ring.view().available() == 112);
});

const Case slab_full("what does not fit any more stays in the ring", [] {
  FakeRing ring;
  ring.put(std::string(40, 'a'));
  ring.put(std::string(40, 'b'));
  std::array<std::byte, 64> slab{};
  const Drained first = ring.view().drain(slab, 10);
  EXPECT(first.records == 1 && first.more && first.needed == 0);
  EXPECT(record_at(slab.data(), 0) == std::string(40, 'a'));
  EXPECT(ring.view().drain(slab, 10).records == 1);
});

const Case nonsense("positions and lengths that make no sense are refused", [] {
  FakeRing positions;
  positions.producer = 10 * FakeRing::kSize;
  std::array<std::byte, 128> slab{};
  EXPECT_ERROR(positions.view().drain(slab, 10), "ERR_BPF_RING");

  FakeRing lengths;
  lengths.put("x");
  const std::array<uint32_t, 1> endless{FakeRing::kSize};
  lengths.write(0, std::as_bytes(std::span(endless)));
  EXPECT_ERROR(lengths.view().drain(slab, 10), "ERR_BPF_RING");

  FakeRing odd;
  odd.consumer = odd.producer = 4;
  odd.producer += 8;
  EXPECT_ERROR(odd.view().drain(slab, 10), "ERR_BPF_RING");
});

const Case after_nonsense("what is in order before a record that makes no sense comes out first", [] {
  FakeRing ring;
  ring.put("in order");
  ring.put("x");
  // The second says that it is longer than what was produced.
  const std::array<uint32_t, 1> longer{64};
  ring.write(16, std::as_bytes(std::span(longer)));
  std::array<std::byte, 128> slab{};
  const Drained drained = ring.view().drain(slab, 10);
  EXPECT(drained.records == 1 && drained.more && record_at(slab.data(), 0) == "in order");
  EXPECT_ERROR(ring.view().drain(slab, 10), "ERR_BPF_RING");
  EXPECT(ring.view().available() == 16);
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
