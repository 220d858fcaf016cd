#include "perf.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

#include "cpu_list.h"

namespace bpf_lsm {

namespace {

size_t page_size() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// What read(2) of an event gives (include/uapi/linux/perf_event.h).
struct Counts {
  uint64_t value;
  uint64_t time_enabled;
  uint64_t lost;
};

bool read_counts(int event, Counts& counts) {
  counts = {};
  return read(event, &counts, sizeof(counts)) >= static_cast<ssize_t>(offsetof(Counts, lost));
}

UniqueFd open_event(uint32_t cpu, uint32_t wakeup_events, bool counts_lost) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.wakeup_events = wakeup_events;
  // PERF_FORMAT_LOST: Linux 6.0.
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | (counts_lost ? uint64_t{PERF_FORMAT_LOST} : 0);
  return UniqueFd(static_cast<int>(
      syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace

PerfBuffer::PerfBuffer(UniqueFd map, const PerfOptions& options) : map_(std::move(map)), options_(options) {
  bpf_map_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_.get(), &info, &info_size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the perf event array's information");
  }
  name_ = info.name;
  max_entries_ = info.max_entries;
  if (info.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
    throw Error(codes::kWrongKind, "map \"" + name_ + "\" is no perf event array").with_map(name_);
  }
  seat_ = std::make_unique<Seat>(info.id, name_, "read");
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) throw Error(errno, "epoll_create1", "cannot wait for records").with_map(name_);
  counts_lost_ = open_event(online_cpus().front(), options_.wakeup_events, true).valid() || errno != EINVAL;
  try {
    adopt_cpus();
  } catch (const Error&) {
    take_out_of_map();
    throw;
  }
}

PerfBuffer::~PerfBuffer() {
  take_out_of_map();
}

// The map would hold on to them as long as anyone has it open (kernel/bpf/arraymap.c
// perf_event_fd_array_release).
void PerfBuffer::take_out_of_map() {
  for (const CpuBuffer& buffer : buffers_) bpf_map_delete_elem(map_.get(), &buffer.cpu);
}

void PerfBuffer::detach() {
  take_out_of_map();
  // A program that found its buffer before may be writing yet, under RCU. kernel/sched/membarrier.c: this
  // command is synchronize_rcu(). It is refused with nohz_full CPUs only, and then there is nothing better.
  syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

PerfBuffer::CpuBuffer PerfBuffer::open_buffer(uint32_t cpu) const {
  CpuBuffer buffer{.cpu = cpu, .event = open_event(cpu, options_.wakeup_events, counts_lost_), .pages = {}};
  if (!buffer.event.valid()) {
    throw Error(errno, "perf_event_open", "cannot make the perf buffer of CPU " + std::to_string(cpu))
        .with_map(name_);
  }
  buffer.pages =
      Mapping::of(buffer.event.get(), (options_.pages + size_t{1}) * page_size(), PROT_READ | PROT_WRITE);
  if (!buffer.pages) {
    throw Error(errno, "mmap", "cannot map the perf buffer of CPU " + std::to_string(cpu)).with_map(name_);
  }
  return buffer;
}

// What is waited for is complete before a program can write into it.
void PerfBuffer::insert(const CpuBuffer& buffer) const {
  epoll_event wanted{.events = EPOLLIN, .data = {.u32 = buffer.cpu}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, buffer.event.get(), &wanted) < 0) {
    throw Error(errno, "epoll_ctl", "cannot wait for records").with_map(name_);
  }
  const int event = buffer.event.get();
  if (bpf_map_update_elem(map_.get(), &buffer.cpu, &event, BPF_ANY) < 0) {
    throw Error(
        errno, "bpf(BPF_MAP_UPDATE_ELEM)",
        "cannot put the perf buffer of CPU " + std::to_string(buffer.cpu) + " into map \"" + name_ + "\"")
        .with_map(name_);
  }
}

// The time of an event stands still once its CPU has gone offline (kernel/events/core.c
// perf_event_exit_cpu_context()): the event does not come back with the CPU, and programs get EOPNOTSUPP.
bool PerfBuffer::live(const CpuBuffer& buffer) {
  Counts before{}, after{};
  return read_counts(buffer.event.get(), before) && read_counts(buffer.event.get(), after) &&
         after.time_enabled != before.time_enabled;
}

void PerfBuffer::drop_empty_dead() {
  std::erase_if(buffers_, [this](const CpuBuffer& buffer) {
    if (live(buffer) || view(buffer).available() > 0) return false;
    lost_before_[buffer.cpu] += lost(buffer);
    return true;
  });
}

std::vector<uint32_t> PerfBuffer::adopt_cpus() {
  drop_empty_dead();
  std::vector<uint32_t> adopted;
  for (const uint32_t cpu : online_cpus()) {
    // A shorter array has no place for the others, whose programs get E2BIG.
    if (cpu >= max_entries_) break;
    if (std::any_of(buffers_.begin(), buffers_.end(), [&](auto& b) { return b.cpu == cpu && live(b); }))
      continue;
    buffers_.push_back(open_buffer(cpu));
    insert(buffers_.back());
    adopted.push_back(cpu);
  }
  return adopted;
}

PerfView PerfBuffer::view(const CpuBuffer& buffer) {
  auto* page = reinterpret_cast<perf_event_mmap_page*>(buffer.pages.data());
  const size_t header = page_size();
  return {reinterpret_cast<const uint64_t*>(&page->data_head), reinterpret_cast<uint64_t*>(&page->data_tail),
          std::span(buffer.pages.data() + header, buffer.pages.size() - header)};
}

Drained PerfBuffer::drain(std::span<std::byte> slab, size_t most) {
  SlabWriter out(slab, most);
  const size_t count = buffers_.size();
  const size_t first = count == 0 ? 0 : first_++ % count;
  for (size_t i = 0; i < count && !out.full(); i++) {
    CpuBuffer& buffer = buffers_[(first + i) % count];
    buffer.reported_lost += view(buffer).drain(out, buffer.cpu);
  }
  return out.drained();
}

uint64_t PerfBuffer::available() {
  uint64_t bytes = 0;
  for (const CpuBuffer& buffer : buffers_) bytes += view(buffer).available();
  return bytes;
}

// The kernel counts what was lost as it happens (kernel/events/ring_buffer.c __perf_output_begin()), but
// writes it into the buffer only before the next record that finds room.
uint64_t PerfBuffer::lost(const CpuBuffer& buffer) const {
  Counts counts{};
  return counts_lost_ && read_counts(buffer.event.get(), counts) ? counts.lost : buffer.reported_lost;
}

uint64_t PerfBuffer::lost() {
  uint64_t sum = 0;
  for (const auto& [cpu, count] : lost_before_) sum += count;
  for (const CpuBuffer& buffer : buffers_) sum += lost(buffer);
  return sum;
}

std::vector<PerfCpu> PerfBuffer::cpus() {
  std::map<uint32_t, PerfCpu> cpus;
  for (const auto& [cpu, count] : lost_before_) cpus[cpu] = {cpu, count, 0, false};
  for (const CpuBuffer& buffer : buffers_) {
    PerfCpu& cpu = cpus.try_emplace(buffer.cpu, PerfCpu{buffer.cpu, 0, 0, false}).first->second;
    cpu.lost += lost(buffer);
    cpu.waiting += view(buffer).available();
    cpu.read = cpu.read || live(buffer);
  }
  std::vector<PerfCpu> list;
  list.reserve(cpus.size());
  for (const auto& [_, cpu] : cpus) list.push_back(cpu);
  return list;
}

}  // namespace bpf_lsm
