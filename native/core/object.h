// A BPF object file through libbpf: opened, edited, loaded.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fd.h"

namespace bpf_lsm {

struct OpenOptions {
  std::string name;      // becomes part of the names of the object's data maps
  std::string pin_root;  // where maps declared with pinning = LIBBPF_PIN_BY_NAME go; empty: libbpf's default
  std::string kconfig;   // text in the format of /boot/config-*
  std::string btf_path;  // a file with BTF to relocate against instead of the running kernel's
};

struct ProgramSpec {
  std::string name;
  std::string section;
  std::string type;
  uint32_t attach_type;
  uint32_t flags;
  bool autoload;
};

// What a map of maps holds.
struct InnerMapSpec {
  std::string type;
  uint32_t key_size, value_size, max_entries, flags;
  uint32_t key_type_id, value_type_id;  // BTF ids in the object; 0: not told
};

struct MapSpec {
  std::string name;
  std::string type;
  uint32_t key_size, value_size, max_entries, flags, numa_node;
  uint32_t key_type_id, value_type_id;  // BTF ids in the object; 0: not told
  bool internal;                        // a data section (.bss, .rodata.x) rather than a declared map
  bool autocreate;
  std::string pin_path;
  std::optional<InnerMapSpec> inner;  // of a map of maps, as it is declared
};

class Object {
 public:
  // Reads the ELF image; the bytes are not needed afterwards.
  static std::shared_ptr<Object> open(std::span<const std::byte> elf, const OpenOptions& options);

  std::vector<ProgramSpec> programs() const;
  std::vector<MapSpec> maps() const;
  // The object's BTF with section offsets filled in; empty when it has none.
  std::span<const std::byte> raw_btf() const;

  void set_autoload(const std::string& program, bool autoload);
  void set_expected_attach_type(const std::string& program, uint32_t type);
  // `function` is the kernel's, as the section would name it, or one of the program with this descriptor.
  void set_attach_target(const std::string& program, const std::string& function, int program_fd);
  // From now on the maps are those of an object that was loaded from the same file.
  void share_maps(const Object& loaded);

  void set_max_entries(const std::string& map, uint32_t entries);
  void set_pin_path(const std::string& map, const std::string& path);
  void set_map_type(const std::string& map, const std::string& type);
  void set_key_size(const std::string& map, uint32_t size);
  void set_value_size(const std::string& map, uint32_t size);
  void set_map_flags(const std::string& map, uint32_t flags);
  void set_numa_node(const std::string& map, uint32_t node);
  void set_autocreate(const std::string& map, bool autocreate);
  // The maps in `map` will be like the one with this descriptor.
  void set_inner_map(const std::string& map, int like_fd);
  // `map` will be the one with this descriptor, whatever the object declares.
  void reuse_map(const std::string& map, int fd);

  // The bytes a data section starts with; editable until load.
  std::span<std::byte> initial_value(const std::string& map);

  // Creates the maps and loads the programs. Takes from milliseconds to seconds in the verifier; may run on
  // any thread, but nothing else may touch the object meanwhile.
  void load();
  bool loaded() const { return loaded_; }
  // What libbpf warned of while opening and loading.
  const std::string& log() const { return log_; }

  // Descriptors of our own: they stay good when the object is gone.
  UniqueFd program_fd(const std::string& name) const;
  UniqueFd map_fd(const std::string& name) const;
  // The kernel's copy of the object's BTF; -1 before load, or when there is none. The object's own.
  int btf_fd() const { return bpf_object__btf_fd(object_.get()); }

  // The program's instructions (struct bpf_insn) as the file has them; good until load.
  std::span<const std::byte> instructions(const std::string& program) const;

 private:
  // What the object declares of a map. libbpf renames a map that is reused and forgets the types of those
  // that the kernel takes no BTF for; here they stay.
  struct DeclaredMap {
    std::string name;
    bpf_map* map;
    uint32_t key_type_id, value_type_id;
    std::optional<InnerMapSpec> inner;
    UniqueFd inner_like;  // libbpf creates the map by it, and does not own it
  };

  Object(bpf_object* object, UniqueFd custom_btf)
      : custom_btf_(std::move(custom_btf)), object_(object, bpf_object__close) {}
  bpf_program* program(const std::string& name) const;
  void declare_maps();
  void give_up_writable_memory();
  size_t index_of(const std::string& map) const;
  bpf_map* map(const std::string& name) const { return maps_[index_of(name)].map; }
  void edited(int result, const char* call, const std::string& map, const char* what) const;

  UniqueFd custom_btf_;  // libbpf keeps only the path
  std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object_;
  std::vector<DeclaredMap> maps_;
  std::vector<UniqueFd> targets_;  // programs that are attach targets: libbpf keeps only the numbers
  std::string log_;
  bool loaded_ = false;
};

}  // namespace bpf_lsm
