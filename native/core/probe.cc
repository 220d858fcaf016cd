#include "probe.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include "fd.h"

namespace bpf_lsm {

namespace {

// Younger than the oldest headers; the same number on every architecture.
constexpr long kLandlockCreateRuleset = 444;
constexpr long kLsmListModules = 461;

}  // namespace

std::optional<std::vector<uint64_t>> active_lsm_ids() {
  // A generous room: the kernel knows about a dozen LSMs (include/uapi/linux/lsm.h, LSM_ID_*).
  std::vector<uint64_t> ids(128);
  uint32_t size = static_cast<uint32_t>(ids.size() * sizeof(uint64_t));
  const long count = syscall(kLsmListModules, ids.data(), &size, 0);
  if (count < 0) {
    if (errno == ENOSYS || errno == EPERM) return std::nullopt;
    throw Error(errno, "lsm_list_modules", "cannot list the active LSMs");
  }
  ids.resize(static_cast<size_t>(count));
  return ids;
}

std::optional<int> landlock_abi() {
  constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = syscall(kLandlockCreateRuleset, nullptr, 0, kVersion);
  if (abi < 0) return std::nullopt;
  return static_cast<int>(abi);
}

std::vector<std::byte> btf_by_id(uint32_t id) {
  const UniqueFd fd(bpf_btf_get_fd_by_id(id));
  if (!fd.valid())
    throw Error(errno, "bpf(BPF_BTF_GET_FD_BY_ID)", "cannot open BTF object " + std::to_string(id));
  bpf_btf_info info{};
  uint32_t info_size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &info_size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)",
                "cannot read the size of BTF object " + std::to_string(id));
  }
  std::vector<std::byte> data(info.btf_size);
  info = {};
  info.btf = reinterpret_cast<uintptr_t>(data.data());
  info.btf_size = static_cast<uint32_t>(data.size());
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &info_size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read BTF object " + std::to_string(id));
  }
  return data;
}

}  // namespace bpf_lsm
