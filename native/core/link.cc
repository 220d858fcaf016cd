#include "link.h"

#include <bpf/bpf.h>

#include <memory>

#include "log.h"
#include "names.h"

namespace bpf_lsm {

UniqueFd attach_lsm(int program_fd, uint64_t cookie) {
  LogCapture log;
  LIBBPF_OPTS(bpf_link_create_opts, opts);
  opts.tracing.cookie = cookie;
  UniqueFd link(bpf_link_create(program_fd, 0, BPF_LSM_MAC, &opts));
  if (!link.valid()) {
    throw Error(errno, "bpf(BPF_LINK_CREATE)", "cannot attach the LSM program").with_libbpf_log(log.take());
  }
  return link;
}

UniqueFd attach_cgroup(int program_fd, int cgroup_fd, uint32_t attach_type) {
  LogCapture log;
  UniqueFd link(bpf_link_create(program_fd, cgroup_fd, static_cast<bpf_attach_type>(attach_type), nullptr));
  if (!link.valid()) {
    throw Error(errno, "bpf(BPF_LINK_CREATE)", "cannot attach the program to the cgroup")
        .with_libbpf_log(log.take());
  }
  return link;
}

UniqueFd attach_by_section(const Object& object, const std::string& name) {
  LogCapture log;
  const std::unique_ptr<bpf_link, decltype(&bpf_link__destroy)> link(
      bpf_program__attach(object.program(name)), bpf_link__destroy);
  if (!link) {
    throw Error(errno, "bpf_program__attach", "cannot attach program \"" + name + "\"")
        .with_program(name)
        .with_libbpf_log(log.take());
  }
  return UniqueFd::duplicate(bpf_link__fd(link.get()));
}

LinkInfo link_info(int fd) {
  bpf_link_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0) {
    throw Error(errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", "cannot read the link's information");
  }
  LinkInfo result;
  result.id = info.id;
  result.type = link_type_name(info.type);
  result.program_id = info.prog_id;
  if (info.type == BPF_LINK_TYPE_TRACING) {
    result.attach_type = attach_type_name(info.tracing.attach_type);
    result.target_btf_id = info.tracing.target_btf_id;
  } else if (info.type == BPF_LINK_TYPE_CGROUP) {
    result.attach_type = attach_type_name(info.cgroup.attach_type);
    result.cgroup_id = info.cgroup.cgroup_id;
  }
  return result;
}

}  // namespace bpf_lsm
