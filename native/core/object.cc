#include "object.h"

#include <bpf/btf.h>

#include "elf_check.h"
#include "log.h"
#include "names.h"

namespace bpf_lsm {

namespace {

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

std::string text_or_empty(const char* text) {
  return text ? text : "";
}

// libbpf returns -errno, or null with errno set.
int errno_of(int result) {
  return result < 0 ? -result : result;
}

}  // namespace

std::shared_ptr<Object> Object::open(std::span<const std::byte> elf, const OpenOptions& options) {
  if (options.name.find('.') != std::string::npos) {
    throw Error(codes::kArgument, "an object's name cannot have a dot in it: \"" + options.name + "\"");
  }
  check_elf(elf);
  LogCapture log;
  LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = or_null(options.name),
              .pin_root_path = or_null(options.pin_root), .kconfig = or_null(options.kconfig),
              .btf_custom_path = or_null(options.btf_path), );
  bpf_object* raw = bpf_object__open_mem(elf.data(), elf.size(), &opts);
  if (!raw) {
    throw Error(errno, "bpf_object__open_mem", "cannot open the BPF object \"" + options.name + "\"")
        .with_libbpf_log(log.take());
  }
  std::shared_ptr<Object> object(new Object(raw));
  object->declare_maps();
  object->log_ = log.take();
  return object;
}

std::vector<ProgramSpec> Object::programs() const {
  std::vector<ProgramSpec> specs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_.get()) {
    specs.push_back({
        .name = bpf_program__name(program),
        .section = text_or_empty(bpf_program__section_name(program)),
        .type = program_type_name(bpf_program__type(program)),
        .attach_type = bpf_program__expected_attach_type(program),
        .autoload = bpf_program__autoload(program),
    });
  }
  return specs;
}

std::span<const std::byte> Object::raw_btf() const {
  const btf* types = bpf_object__btf(object_.get());
  if (!types) return {};
  uint32_t size = 0;
  const void* data = btf__raw_data(types, &size);
  return {static_cast<const std::byte*>(data), data ? size : 0};
}

bpf_program* Object::program(const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
  if (!program) throw Error(codes::kUnknown, "the object has no program \"" + name + "\"").with_program(name);
  return program;
}

std::span<const std::byte> Object::instructions(const std::string& name) const {
  const bpf_program* owner = program(name);
  const bpf_insn* first = bpf_program__insns(owner);
  return std::as_bytes(std::span(first, first ? bpf_program__insn_cnt(owner) : 0));
}

void Object::set_autoload(const std::string& name, bool autoload) {
  const int result = bpf_program__set_autoload(program(name), autoload);
  if (result) {
    throw Error(errno_of(result), "bpf_program__set_autoload", "cannot set autoload of \"" + name + "\"")
        .with_program(name);
  }
}

std::span<std::byte> Object::initial_value(const std::string& name) {
  size_t size = 0;
  // const in libbpf's signature, but the buffer that bpf_map__set_initial_value() itself writes.
  void* data = const_cast<void*>(bpf_map__initial_value(map(name), &size));
  if (loaded_ || !data) {
    throw Error(codes::kArgument, "map \"" + name + "\" is no data section with an initial value")
        .with_map(name);
  }
  return {static_cast<std::byte*>(data), size};
}

void Object::load() {
  LogCapture log;
  const int result = bpf_object__load(object_.get());
  log_ += log.text();
  if (result) {
    throw Error(errno_of(result), "bpf_object__load",
                "cannot load the BPF object \"" + text_or_empty(bpf_object__name(object_.get())) + "\"")
        .with_libbpf_log(log.take());
  }
  loaded_ = true;
}

UniqueFd Object::program_fd(const std::string& name) const {
  const int fd = bpf_program__fd(program(name));
  if (fd < 0) {
    throw Error("ERR_BPF_NOT_LOADED", "program \"" + name + "\" was not loaded").with_program(name);
  }
  return UniqueFd::duplicate(fd);
}

}  // namespace bpf_lsm
