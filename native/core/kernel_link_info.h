// struct bpf_link_info of include/uapi/linux/bpf.h in Linux 7.3: newer than the headers that this is built
// with. A kernel takes a longer struct than its own as long as the rest is zero, and leaves that as it is.
#pragma once

#include <cstdint>

namespace bpf_lsm {

struct KernelName {
  uint64_t text;  // address of a buffer
  uint32_t size;
};

struct KernelLinkInfo {
  uint32_t type, id, prog_id, unused;
  union {
    struct {
      KernelName name;
      uint64_t cookie;
    } raw_tracepoint;
    struct {
      uint32_t attach_type, target_obj_id, target_btf_id, unused;
      uint64_t cookie;
    } tracing;
    struct {
      uint64_t cgroup_id;
      uint32_t attach_type;
    } cgroup;
    struct {
      uint64_t name;
      uint32_t name_size;
      uint32_t map_id;
      union {
        struct {
          uint64_t id;
          uint32_t order;
        } cgroup;
        struct {
          uint32_t tid, pid;
        } task;
      };
    } iter;
    struct {
      uint32_t type, unused;
      union {
        struct {
          uint64_t name;
          uint32_t name_size, offset;
          uint64_t cookie, ref_ctr_offset;
        } uprobe;
        struct {
          uint64_t name;
          uint32_t name_size, offset;
          uint64_t addr, missed, cookie;
        } kprobe;
        struct {
          KernelName name;
          uint64_t cookie;
        } tracepoint;
        struct {
          uint64_t config;
          uint32_t type, unused;
          uint64_t cookie;
        } event;
      };
    } perf_event;
    uint64_t room[16];  // for what other types tell
  };
};

// enum bpf_perf_event_type
constexpr uint32_t kPerfEventUprobe = 1, kPerfEventUretprobe = 2, kPerfEventKprobe = 3,
                   kPerfEventKretprobe = 4, kPerfEventTracepoint = 5, kPerfEventEvent = 6;

}  // namespace bpf_lsm
