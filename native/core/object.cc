#include "object.h"

#include <bpf/btf.h>
#include <sys/mman.h>

#include "custom_btf.h"
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
  UniqueFd btf = options.btf_path.empty() ? UniqueFd() : custom_btf(options.btf_path);
  const std::string btf_path = btf.valid() ? proc_path(btf.get()) : "";
  LogCapture log;
  LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = or_null(options.name),
              .pin_root_path = or_null(options.pin_root), .kconfig = or_null(options.kconfig),
              .btf_custom_path = or_null(btf_path), );
  bpf_object* raw = bpf_object__open_mem(elf.data(), elf.size(), &opts);
  if (!raw) {
    throw Error(errno, "bpf_object__open_mem", "cannot open the BPF object \"" + options.name + "\"")
        .with_libbpf_log(log.take());
  }
  std::shared_ptr<Object> object(new Object(raw, std::move(btf)));
  object->declare_maps();
  object->log_ = log.take();
  return object;
}

std::span<const std::byte> Object::raw_btf() const {
  const btf* types = bpf_object__btf(object_.get());
  if (!types) return {};
  uint32_t size = 0;
  const void* data = btf__raw_data(types, &size);
  return {static_cast<const std::byte*>(data), data ? size : 0};
}

std::span<const std::byte> Object::instructions(const std::string& name) const {
  const bpf_program* owner = program(name);
  const bpf_insn* first = bpf_program__insns(owner);
  return std::as_bytes(std::span(first, first ? bpf_program__insn_cnt(owner) : 0));
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
  give_up_writable_memory();
}

// Since libbpf 1.5 bpf_object__load() maps the memory of .data, .bss and the like for writing, in place of
// the initial values, and keeps it: freeze() would answer EBUSY for good (kernel/bpf/syscall.c map_freeze()).
// Nothing looks there after the load, so plain memory takes its place again, as older libbpfs have it.
void Object::give_up_writable_memory() {
  for (const auto& declared : maps_) {
    size_t size = 0;
    void* memory = const_cast<void*>(bpf_map__initial_value(declared.map, &size));
    if (!memory || !(bpf_map__map_flags(declared.map) & BPF_F_MMAPABLE)) continue;
    if (mmap(memory, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
      throw Error(errno, "mmap", "cannot give up the memory of map \"" + declared.name + "\"")
          .with_map(declared.name);
  }
}

}  // namespace bpf_lsm
