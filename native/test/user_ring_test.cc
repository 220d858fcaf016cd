#include "../core/user_ring.h"

#include <array>
#include <cstring>

#include "expect.h"

using bpf_lsm::SlabRecord;
using bpf_lsm::SlabWriter;
using bpf_lsm::UserRingView;
using bpf_lsm::testing::Case;

namespace {

// A ring with its data mapped twice in a row; here what was written over the end is copied back.
struct FakeUserRing {
  static constexpr size_t kSize = 128;
  uint64_t consumer = 0, producer = 0;
  alignas(8) std::array<std::byte, 2 * kSize> data{};

  UserRingView view() { return {&consumer, &producer, data}; }

  // Takes one record as __bpf_user_ringbuf_peek() does.
  std::string take() {
    std::array<uint32_t, 2> header{};
    const std::byte* record = data.data() + consumer % kSize;
    std::memcpy(header.data(), record, sizeof(header));
    EXPECT(header[1] == 0);
    std::string content(reinterpret_cast<const char*>(record + sizeof(header)), header[0]);
    consumer += (sizeof(header) + header[0] + 7) & ~size_t{7};
    return content;
  }
};

struct Slab {
  std::array<std::byte, 512> bytes{};
  SlabWriter writer{bytes, 100};

  Slab& add(const std::string& record) {
    std::memcpy(writer.add(static_cast<uint32_t>(record.size()), 0), record.data(), record.size());
    return *this;
  }
  size_t send(FakeUserRing& ring) { return ring.view().send(bytes, writer.drained().records); }
};

const Case in_order("records are sent in order, all at once", [] {
  FakeUserRing ring;
  EXPECT(Slab().add("one").add("a longer one").send(ring) == 2);
  EXPECT(ring.producer == 16 + 24 && ring.view().waiting() == 40);
  EXPECT(ring.take() == "one" && ring.take() == "a longer one");
  EXPECT(ring.view().waiting() == 0);
});

const Case full("as many as find room, to the last byte", [] {
  FakeUserRing ring;
  Slab slab;
  for (int i = 0; i < 5; i++) slab.add(std::string(24, static_cast<char>('a' + i)));
  EXPECT(slab.send(ring) == 4 && ring.view().waiting() == FakeUserRing::kSize);
  EXPECT(slab.send(ring) == 0);
  EXPECT(ring.take() == std::string(24, 'a'));
  EXPECT(Slab().add(std::string(24, 'z')).send(ring) == 1);
  for (const char wanted : {'b', 'c', 'd'}) EXPECT(ring.take() == std::string(24, wanted));
});

const Case wrapping("a record across the end of the ring is whole in the second mapping", [] {
  FakeUserRing ring;
  ring.consumer = ring.producer = 7 * FakeUserRing::kSize - 16;
  EXPECT(Slab().add("across the end of the ring").send(ring) == 1);
  EXPECT(ring.take() == "across the end of the ring");
});

const Case refused("a record larger than the ring, and a slab that ends too early", [] {
  FakeUserRing ring;
  Slab large;
  large.add(std::string(FakeUserRing::kSize, 'x'));
  EXPECT_ERROR(large.send(ring), "E2BIG");
  EXPECT(Slab().add("first").add(std::string(FakeUserRing::kSize, 'x')).send(ring) == 1);
  const std::array<uint32_t, 2> label{100, 0};
  EXPECT_ERROR(ring.view().send(std::as_bytes(std::span(label)), 1), "ERR_BPF_ARGUMENT");
  EXPECT_ERROR(ring.view().send(std::as_bytes(std::span(label)).first(4), 1), "ERR_BPF_ARGUMENT");
  ring.consumer = ring.producer + 8;
  EXPECT_ERROR(Slab().add("x").send(ring), "ERR_BPF_RING");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
