// The consumer side of a perf event array that programs send records to: one buffer for each CPU.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fd.h"
#include "perf_view.h"
#include "records.h"
#include "seat.h"

namespace bpf_lsm {

struct PerfOptions {
  uint32_t pages = 0;          // of each CPU's buffer; a power of two
  uint32_t wakeup_events = 0;  // records that wake the reader
};

// What became of one CPU's records.
struct PerfCpu {
  uint32_t cpu;
  uint64_t lost;     // records that found no room
  uint64_t waiting;  // bytes, headers included
  bool read;         // false once the CPU went offline, for good: the kernel ends its event then
};

class PerfBuffer final : public RecordReader {
 public:
  // Throws EBUSY when this process already reads the map.
  PerfBuffer(UniqueFd map, const PerfOptions& options);
  ~PerfBuffer() override;
  PerfBuffer(const PerfBuffer&) = delete;
  PerfBuffer& operator=(const PerfBuffer&) = delete;

  int fd() const override { return epoll_.get(); }
  // Every CPU is the first one in its turn, so that none is left waiting by a busy one.
  Drained drain(std::span<std::byte> slab, size_t most) override;
  uint64_t available() override;

  std::vector<PerfCpu> cpus();
  // Records that found no room, on all CPUs.
  uint64_t lost();
  // Takes the buffers out of the map again: programs get ENOENT from then on, and when this returns none is
  // writing any more. What they wrote can still be drained.
  void detach();
  // Opens buffers for CPUs that are online and have none that programs can write to; returns which.
  std::vector<uint32_t> adopt_cpus();

 private:
  struct CpuBuffer {
    uint32_t cpu;
    UniqueFd event;
    Mapping pages;
    uint64_t reported_lost = 0;
  };

  CpuBuffer open_buffer(uint32_t cpu) const;
  void insert(const CpuBuffer& buffer) const;
  static PerfView view(const CpuBuffer& buffer);
  uint64_t lost(const CpuBuffer& buffer) const;
  static bool live(const CpuBuffer& buffer);
  void drop_empty_dead();
  void take_out_of_map();

  UniqueFd map_;
  std::string name_;
  uint32_t max_entries_ = 0;
  std::unique_ptr<Seat> seat_;
  PerfOptions options_;
  bool counts_lost_ = true;
  UniqueFd epoll_;
  std::vector<CpuBuffer> buffers_;
  std::map<uint32_t, uint64_t> lost_before_;  // by CPU, of buffers that are no more
  size_t first_ = 0;
};

}  // namespace bpf_lsm
