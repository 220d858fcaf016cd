#include "pin.h"

#include <bpf/bpf.h>

#include <array>
#include <string_view>

namespace bpf_lsm {

namespace {

const char* name_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kMap:
      return "map";
    case ObjectKind::kProgram:
      return "program";
    case ObjectKind::kLink:
      return "link";
  }
  return "object";
}

}  // namespace

ObjectKind kind_of(int fd) {
  // Anonymous inodes carry their class as a name: kernel/bpf/syscall.c bpf_map_new_fd(), bpf_prog_new_fd(),
  // bpf_link_new_fd(), whose "bpf_link" has become "bpf-link" by Linux 7.3.
  const std::string entry = proc_path(fd);
  std::array<char, 64> target{};
  const ssize_t length = readlink(entry.c_str(), target.data(), target.size());
  if (length < 0)
    throw Error(errno, "readlink", "cannot tell what kind of object a descriptor is").with_path(entry);
  const std::string_view name(target.data(), static_cast<size_t>(length));
  if (name == "anon_inode:bpf-map") return ObjectKind::kMap;
  if (name == "anon_inode:bpf-prog") return ObjectKind::kProgram;
  if (name == "anon_inode:bpf_link" || name == "anon_inode:bpf-link") return ObjectKind::kLink;
  throw Error(codes::kWrongKind, "the descriptor is no BPF object but " + std::string(name));
}

bool is_link(int fd) {
  try {
    return kind_of(fd) == ObjectKind::kLink;
  } catch (const Error& error) {
    if (error.code() == codes::kWrongKind) return false;
    throw;
  }
}

void pin(int fd, const std::string& path) {
  if (bpf_obj_pin(fd, path.c_str()) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_PIN)", "cannot pin to " + path).with_path(path);
  }
}

UniqueFd open_pin(const std::string& path, ObjectKind wanted, uint32_t flags) {
  LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags, );
  UniqueFd fd(bpf_obj_get_opts(path.c_str(), &opts));
  if (!fd.valid()) throw Error(errno, "bpf(BPF_OBJ_GET)", "cannot open the pin " + path).with_path(path);
  const ObjectKind kind = kind_of(fd.get());
  if (kind != wanted) {
    throw Error(codes::kWrongKind, path + " pins a " + name_of(kind) + ", not a " + name_of(wanted))
        .with_path(path);
  }
  return fd;
}

}  // namespace bpf_lsm
