#include "map_owner.h"

#include <sys/syscall.h>
#include <csignal>

namespace bpf_lsm {

namespace {

// include/uapi/linux/pidfd.h, since Linux 6.9
constexpr unsigned int kPidfdThread = O_EXCL;

UniqueFd pidfd_open(pid_t id, unsigned int flags) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, id, flags)));
}

UniqueFd open_path(const std::string& path, int flags, const char* what) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid())
    throw Error(errno, "open", "cannot open the " + std::string(what) + " " + path).with_path(path);
  return fd;
}

}  // namespace

UniqueFd open_task(pid_t id) {
  UniqueFd fd = pidfd_open(id, 0);
  if (fd.valid()) return fd;
  const std::string task = "task " + std::to_string(id);
  const int err = errno;
  // A thread that leads no process: EINVAL, and ENOENT by Linux 7.3 (kernel/fork.c pidfd_prepare).
  if (err != EINVAL && err != ENOENT) throw Error(err, "pidfd_open", "cannot open " + task);
  fd = pidfd_open(id, kPidfdThread);
  if (fd.valid()) return fd;
  if (errno == EINVAL && kill(id, 0) == 0) {
    throw Error(EOPNOTSUPP, "pidfd_open",
                "cannot open " + task + ", a thread beside the main one of its process");
  }
  throw Error(errno == EINVAL || errno == ENOENT ? ESRCH : errno, "pidfd_open", "cannot open " + task);
}

UniqueFd open_inode(const std::string& path) {
  return open_path(path, O_PATH, "file");
}

UniqueFd open_cgroup(const std::string& path) {
  return open_path(path, O_RDONLY | O_DIRECTORY, "cgroup");
}

}  // namespace bpf_lsm
