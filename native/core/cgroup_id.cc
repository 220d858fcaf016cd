#include "cgroup_id.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <climits>
#include <cstring>

#include "fd.h"

namespace bpf_lsm {

namespace {

// include/linux/exportfs.h FILEID_KERNFS: the handle is the id (fs/kernfs/mount.c kernfs_encode_fh()).
constexpr int kKernfsHandle = 0xfe;

struct alignas(file_handle) KernfsHandle {
  std::array<std::byte, sizeof(file_handle) + sizeof(uint64_t)> bytes{};

  explicit KernfsHandle(uint64_t id) {
    const file_handle head{.handle_bytes = sizeof(id), .handle_type = kKernfsHandle};
    std::memcpy(bytes.data(), &head, sizeof(head));
    std::memcpy(bytes.data() + sizeof(head), &id, sizeof(id));
  }
  file_handle* get() { return reinterpret_cast<file_handle*>(bytes.data()); }
};

std::string path_of(int fd) {
  const std::string entry = proc_path(fd);
  std::array<char, PATH_MAX> target{};
  const ssize_t length = readlink(entry.c_str(), target.data(), target.size());
  if (length < 0) throw Error(errno, "readlink", "cannot tell the path of a cgroup").with_path(entry);
  return {target.data(), static_cast<size_t>(length)};
}

}  // namespace

std::optional<uint64_t> cgroup_id(int fd, uint64_t device) {
  struct statx status {};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status) < 0)
    return std::nullopt;
  if (makedev(status.stx_dev_major, status.stx_dev_minor) != device || !S_ISDIR(status.stx_mode))
    return std::nullopt;
  return status.stx_ino;
}

std::optional<std::string> cgroup_path(const std::string& mount_point, uint64_t id) {
  const UniqueFd top(open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid())
    throw Error(errno, "open", "cannot open the cgroup " + mount_point).with_path(mount_point);
  KernfsHandle handle(id);
  const UniqueFd cgroup(
      open_by_handle_at(top.get(), handle.get(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
  if (cgroup.valid()) return path_of(cgroup.get());
  // ENOTDIR: the id of a file in a cgroup.
  if (errno == ESTALE || errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw Error(errno, "open_by_handle_at", "cannot look for the cgroup with id " + std::to_string(id))
      .with_path(mount_point);
}

}  // namespace bpf_lsm
