// What load() can be told about an object's programs.
#include <bpf/bpf.h>

#include "log.h"
#include "names.h"
#include "object.h"

namespace bpf_lsm {

namespace {

// libbpf returns -errno.
void require(int result, const char* call, const std::string& program, const std::string& what,
             LogCapture& log) {
  if (result >= 0) return;
  throw Error(-result, call, "cannot set " + what + " of program \"" + program + "\"")
      .with_program(program)
      .with_libbpf_log(log.take());
}

}  // namespace

std::vector<ProgramSpec> Object::programs() const {
  std::vector<ProgramSpec> specs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    const char* section = bpf_program__section_name(program);
    specs.push_back({
        .name = bpf_program__name(program),
        .section = section ? section : "",
        .type = program_type_name(bpf_program__type(program)),
        .attach_type = bpf_program__expected_attach_type(program),
        .flags = bpf_program__flags(program),
        .autoload = bpf_program__autoload(program),
    });
  }
  return specs;
}

bpf_program* Object::program(const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
  if (!program) throw Error(codes::kUnknown, "the object has no program \"" + name + "\"").with_program(name);
  return program;
}

void Object::set_autoload(const std::string& name, bool autoload) {
  LogCapture log;
  require(bpf_program__set_autoload(program(name), autoload), "bpf_program__set_autoload", name, "autoload",
          log);
}

void Object::set_expected_attach_type(const std::string& name, uint32_t type) {
  LogCapture log;
  require(bpf_program__set_expected_attach_type(program(name), static_cast<bpf_attach_type>(type)),
          "bpf_program__set_expected_attach_type", name, "the expected attach type", log);
}

void Object::set_attach_target(const std::string& name, const std::string& function, int program_fd) {
  LogCapture log;
  const int target = program_fd > 0 ? targets_.emplace_back(UniqueFd::duplicate(program_fd)).get() : 0;
  require(bpf_program__set_attach_target(program(name), target, function.c_str()),
          "bpf_program__set_attach_target", name, "the attach target", log);
}

UniqueFd Object::program_fd(const std::string& name) const {
  const int fd = bpf_program__fd(program(name));
  if (fd < 0) {
    throw Error("ERR_BPF_NOT_LOADED", "program \"" + name + "\" was not loaded").with_program(name);
  }
  return UniqueFd::duplicate(fd);
}

void Object::share_maps(const Object& loaded) {
  LogCapture log;
  // Opened from the same file, both have the same maps in the same order.
  if (maps_.size() != loaded.maps_.size()) {
    throw Error(codes::kArgument, "the objects are not opened from the same file");
  }
  for (size_t i = 0; i < maps_.size(); i++) {
    bpf_map* map = maps_[i].map;
    const int fd = bpf_map__fd(loaded.maps_[i].map);
    // A pin would be looked up by its path once more, and could have become another map's.
    int result = bpf_map__set_pin_path(map, nullptr);
    if (result == 0) result = fd < 0 ? bpf_map__set_autocreate(map, false) : bpf_map__reuse_fd(map, fd);
    if (result) {
      throw Error(result < 0 ? -result : result, "bpf_map__reuse_fd",
                  "cannot share map \"" + maps_[i].name + "\"")
          .with_map(maps_[i].name)
          .with_libbpf_log(log.take());
    }
  }
}

}  // namespace bpf_lsm
