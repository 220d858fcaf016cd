#include "../core/cgroup_id.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <sstream>

#include "../core/fd.h"
#include "expect.h"

using bpf_lsm::cgroup_id;
using bpf_lsm::cgroup_path;
using bpf_lsm::UniqueFd;
using bpf_lsm::testing::Case;

namespace {

// Where the v2 hierarchy is mounted; empty where it is not.
std::string mount_point() {
  std::ifstream mounts("/proc/self/mounts");
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string device, path, type;
    fields >> device >> path >> type;
    if (type == "cgroup2") return path;
  }
  return {};
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT(stat(path.c_str(), &status) == 0);
  return status;
}

const Case ids("a directory of the hierarchy is told from all else", [] {
  const std::string top = mount_point();
  if (top.empty()) return;
  const struct stat status = status_of(top);
  const auto id_of = [&](const std::string& path) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT(fd.valid());
    return cgroup_id(fd.get(), status.st_dev);
  };
  EXPECT(id_of(top) == status.st_ino);
  EXPECT(!id_of(top + "/cgroup.procs"));
  EXPECT(!id_of("/proc"));
  EXPECT(!id_of("/proc/self/mounts"));
  EXPECT(!cgroup_id(-1, status.st_dev));
});

const Case paths("a cgroup is found by its id", [] {
  const std::string top = mount_point();
  if (top.empty() || geteuid() != 0) return;
  EXPECT(cgroup_path(top, status_of(top).st_ino) == top);
  EXPECT(!cgroup_path(top, 1ULL << 60));
  EXPECT(!cgroup_path(top, 0));
  EXPECT(!cgroup_path(top, status_of(top + "/cgroup.procs").st_ino));
  EXPECT_ERROR(cgroup_path(top + "/there-is-none", 1), "ENOENT");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
