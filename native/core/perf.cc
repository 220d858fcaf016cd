#include "perf.h"

#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "cpu_list.h"

namespace bpf_lsm {

namespace {

size_t page_size() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Of the oldest headers we build with; Linux 6.0.
constexpr uint64_t kFormatLost = 1U << 4;

UniqueFd open_event(uint32_t cpu, uint32_t wakeup_events, bool counts_lost) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  attr.sample_period = 1;
  attr.wakeup_events = wakeup_events;
  attr.read_format = counts_lost ? kFormatLost : 0;
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

void PerfBuffer::retire(CpuBuffer& buffer) {
  if (buffer.live) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, buffer.event.get(), nullptr);
  buffer.live = false;
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

std::vector<uint32_t> PerfBuffer::adopt_cpus() {
  const std::vector<uint32_t> online = online_cpus();
  forget_hung_up();
  for (CpuBuffer& buffer : buffers_) {
    if (!std::binary_search(online.begin(), online.end(), buffer.cpu)) retire(buffer);
  }
  std::vector<uint32_t> adopted;
  for (const uint32_t cpu : online) {
    // A shorter array has no place for the others, whose programs get E2BIG.
    if (cpu >= max_entries_) break;
    const bool read =
        std::any_of(buffers_.begin(), buffers_.end(), [&](auto& b) { return b.cpu == cpu && b.live; });
    if (read) continue;
    if (adopted.empty() && buffers_.empty()) {
      counts_lost_ = open_event(cpu, options_.wakeup_events, true).valid() || errno != EINVAL;
    }
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
  if (out.empty() && !out.full()) forget_hung_up();
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
  std::array<uint64_t, 2> value_and_lost{};
  if (counts_lost_ &&
      read(buffer.event.get(), value_and_lost.data(), sizeof(value_and_lost)) == sizeof(value_and_lost)) {
    return value_and_lost[1];
  }
  return buffer.reported_lost;
}

std::vector<PerfCpu> PerfBuffer::cpus() {
  std::vector<PerfCpu> cpus;
  for (const CpuBuffer& buffer : buffers_) {
    const PerfCpu now{buffer.cpu, lost(buffer), view(buffer).available(), buffer.live};
    const auto same = std::find_if(cpus.begin(), cpus.end(), [&](auto& c) { return c.cpu == now.cpu; });
    if (same == cpus.end()) {
      cpus.push_back(now);
      continue;
    }
    // A CPU that went offline and came back has a buffer from before.
    same->lost += now.lost;
    same->waiting += now.waiting;
    same->read = same->read || now.read;
  }
  std::sort(cpus.begin(), cpus.end(), [](auto& a, auto& b) { return a.cpu < b.cpu; });
  return cpus;
}

// The event of a CPU that goes offline hangs up, for good: waiting for it would never wait again.
void PerfBuffer::forget_hung_up() {
  std::array<epoll_event, 64> ready{};
  const int count = epoll_wait(epoll_.get(), ready.data(), ready.size(), 0);
  for (int i = 0; i < count; i++) {
    if (!(ready[static_cast<size_t>(i)].events & (EPOLLHUP | EPOLLERR))) continue;
    for (CpuBuffer& buffer : buffers_) {
      if (buffer.live && buffer.cpu == ready[static_cast<size_t>(i)].data.u32) retire(buffer);
    }
  }
}

}  // namespace bpf_lsm
