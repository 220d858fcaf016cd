// One damage after the other to a sound object: each is refused for what it is.
#include "../core/elf_check.h"

#include <elf.h>
#include <linux/btf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../core/object.h"
#include "expect.h"

using bpf_lsm::check_elf;
using bpf_lsm::testing::Case;
using bpf_lsm::testing::fail;

namespace {

class Elf {
 public:
  explicit Elf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    if (bytes_.empty()) fail(__FILE__, __LINE__, "no bytes in " + path.string());
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }
  void resize(size_t size) { bytes_.resize(size); }

  template <typename T>
  T read(size_t at) const {
    T value{};
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }

  template <typename T>
  void write(size_t at, const T& value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }

  // Changes a structure where it lies.
  template <typename T, typename Change>
  void change(size_t at, const Change& change) {
    T value = read<T>(at);
    change(value);
    write(at, value);
  }

  // Where the header of a section is.
  size_t header_of(const std::string& name) const {
    const auto elf = read<Elf64_Ehdr>(0);
    const auto names = read<Elf64_Shdr>(elf.e_shoff + elf.e_shstrndx * sizeof(Elf64_Shdr));
    for (size_t i = 0; i < elf.e_shnum; i++) {
      const size_t at = elf.e_shoff + i * sizeof(Elf64_Shdr);
      if (name == bytes_.data() + names.sh_offset + read<Elf64_Shdr>(at).sh_name) return at;
    }
    fail(__FILE__, __LINE__, "no section " + name);
  }

  size_t offset_of(const std::string& name) const { return read<Elf64_Shdr>(header_of(name)).sh_offset; }

  // Where the first BTF type of a kind is.
  size_t type_of_kind(uint32_t kind) const {
    const size_t start = offset_of(".BTF");
    const auto header = read<btf_header>(start);
    for (size_t at = start + header.hdr_len; at < start + header.hdr_len + header.type_len; at += 4) {
      if (BTF_INFO_KIND(read<btf_type>(at).info) == kind && read<btf_type>(at).name_off < header.str_len)
        return at;
    }
    fail(__FILE__, __LINE__, "no type of kind " + std::to_string(kind));
  }

 private:
  std::vector<char> bytes_;
};

Elf sound() {
  return Elf("build/test/bpf/kinds.bpf.o");
}

void expect_refused(const Elf& elf, const std::string& code, const std::string& why) {
  try {
    check_elf(elf.bytes());
  } catch (const bpf_lsm::Error& error) {
    if (error.code() == code && std::string(error.what()).find(why) != std::string::npos) return;
    fail(__FILE__, __LINE__, "got " + error.code() + ": " + error.what() + " instead of " + why);
  }
  fail(__FILE__, __LINE__, "not refused: " + why);
}

template <typename T, typename Change>
void expect_refused_after(size_t at, const Change& change, const std::string& code, const std::string& why) {
  Elf elf = sound();
  elf.change<T>(at, change);
  expect_refused(elf, code, why);
}

template <typename Change>
void header_refused(const std::string& why, const Change& change,
                    const std::string& code = "ERR_BPF_OBJECT") {
  expect_refused_after<Elf64_Ehdr>(0, change, code, why);
}

template <typename Change>
void section_refused(const std::string& name, const std::string& why, const Change& change) {
  expect_refused_after<Elf64_Shdr>(sound().header_of(name), change, "ERR_BPF_OBJECT", why);
}

template <typename T, typename Change>
void btf_refused(size_t at, const Change& change, const std::string& why) {
  expect_refused_after<T>(at, change, "ERR_BPF_BTF", why);
}

const Case all_sound("every object that was built is sound", [] {
  size_t objects = 0;
  for (const char* folder : {"build/test/bpf", "dist/bpf"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".o") continue;
      check_elf(Elf(entry.path()).bytes());
      objects++;
    }
  }
  EXPECT(objects > 10);
});

const Case not_elf("what is no ELF file of this machine's kind", [] {
  Elf elf = sound();
  elf.resize(3);
  expect_refused(elf, "ERR_BPF_NOT_ELF", "not an ELF file");
  elf = sound();
  elf.resize(63);
  expect_refused(elf, "ERR_BPF_OBJECT", "ends within the ELF header");
  header_refused(
      "not an ELF file", [](Elf64_Ehdr& h) { h.e_ident[0] = 0; }, "ERR_BPF_NOT_ELF");
  header_refused("64 bits", [](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; });
  header_refused("byte order", [](Elf64_Ehdr& h) { h.e_ident[EI_DATA] ^= 3; });
  header_refused("linked", [](Elf64_Ehdr& h) { h.e_type = ET_EXEC; });
  header_refused("another machine", [](Elf64_Ehdr& h) { h.e_machine = EM_X86_64; });
});

const Case sections("section headers", [] {
  header_refused("no section headers", [](Elf64_Ehdr& h) { h.e_shnum = 0; });
  header_refused("no section headers", [](Elf64_Ehdr& h) { h.e_shentsize = 63; });
  header_refused("headers reach outside", [](Elf64_Ehdr& h) { h.e_shoff = UINT64_MAX - 8; });
  header_refused("headers reach outside", [](Elf64_Ehdr& h) { h.e_shnum = 0xffff; });
  header_refused("names of sections", [](Elf64_Ehdr& h) { h.e_shstrndx = 2; });
  header_refused("names of sections", [](Elf64_Ehdr& h) { h.e_shstrndx = h.e_shnum; });
  section_refused(".data", "reaches outside the file", [](Elf64_Shdr& s) { s.sh_offset = UINT64_MAX; });
  section_refused(".data", "reaches outside the file", [](Elf64_Shdr& s) { s.sh_size = INT32_MAX; });
  section_refused(".bss", "larger than 2 GiB", [](Elf64_Shdr& s) { s.sh_size = uint64_t{1} << 32; });
  section_refused(".data", "name of a section is outside", [](Elf64_Shdr& s) { s.sh_name = UINT32_MAX; });
  section_refused(".strtab", "names of sections", [](Elf64_Shdr& s) { s.sh_size--; });
});

const Case symbols("symbols and relocations", [] {
  section_refused(".symtab", "entries of 24 bytes", [](Elf64_Shdr& s) { s.sh_entsize = 16; });
  section_refused(".relsyscall", "entries of 16 bytes", [](Elf64_Shdr& s) { s.sh_size--; });
  section_refused(".symtab", "names of symbols", [](Elf64_Shdr& s) { s.sh_link = 0; });
  section_refused(".relsyscall", "no symbols", [](Elf64_Shdr& s) { s.sh_link = 2; });
  section_refused(".relsyscall", "target of relocations", [](Elf64_Shdr& s) { s.sh_info = 99; });
  section_refused(".relsyscall", "entries of 16 bytes", [](Elf64_Shdr& s) { s.sh_entsize = 24; });
  const size_t symbol = sound().offset_of(".symtab") + 3 * sizeof(Elf64_Sym);
  const auto refused = [&](const char* why, const auto& change) {
    expect_refused_after<Elf64_Sym>(symbol, change, "ERR_BPF_OBJECT", why);
  };
  refused("name of a symbol", [](Elf64_Sym& s) { s.st_name = UINT32_MAX; });
  refused("a symbol is not there", [](Elf64_Sym& s) { s.st_shndx = 99; });
  refused("a symbol is not there", [](Elf64_Sym& s) { s.st_shndx = SHN_XINDEX; });
  refused("outside its section", [](Elf64_Sym& s) { s.st_value = UINT64_MAX - 7; });
  refused("outside its section", [](Elf64_Sym& s) { s.st_size = UINT64_MAX - 7; });
  const size_t relocation = sound().offset_of(".relsyscall");
  const auto lost = [&](const auto& change) {
    expect_refused_after<Elf64_Rel>(relocation, change, "ERR_BPF_OBJECT", "refers to what is not there");
  };
  lost([](Elf64_Rel& r) { r.r_info |= uint64_t{UINT32_MAX} << 32; });
  lost([](Elf64_Rel& r) { r.r_offset = UINT64_MAX; });
});

const Case btf("types", [] {
  const size_t header = sound().offset_of(".BTF");
  const auto refused = [&](const char* why, const auto& change) {
    btf_refused<btf_header>(header, change, why);
  };
  refused("magic", [](btf_header& h) { h.magic++; });
  refused("version 2", [](btf_header& h) { h.version++; });
  refused("a header of", [](btf_header& h) { h.hdr_len = UINT32_MAX; });
  refused("type section", [](btf_header& h) { h.type_len = UINT32_MAX; });
  refused("type section", [](btf_header& h) { h.type_off = UINT32_MAX; });
  refused("begin and end with a NUL", [](btf_header& h) { h.str_len = 0; });
  refused("begin and end with a NUL", [](btf_header& h) { h.str_len--; });
  refused("cut off", [](btf_header& h) { h.type_len -= 2; });
  const auto type = [](uint32_t kind, const char* why, const auto& change) {
    btf_refused<btf_type>(sound().type_of_kind(kind), change, why);
  };
  type(BTF_KIND_PTR, "which is not there", [](btf_type& t) { t.type = 0x7fffffff; });
  type(BTF_KIND_TYPEDEF, "which is not there", [](btf_type& t) { t.type = UINT32_MAX; });
  type(BTF_KIND_STRUCT, "outside the strings", [](btf_type& t) { t.name_off = UINT32_MAX; });
  type(BTF_KIND_STRUCT, "cut off", [](btf_type& t) { t.info |= 0xffff; });
  type(BTF_KIND_FUNC, "of a kind that cannot be", [](btf_type& t) { t.type = 1; });
  type(BTF_KIND_INT, "unknown kind 31", [](btf_type& t) { t.info = 31U << 24; });
});

const Case circle("a type that leads back to itself", [] {
  Elf elf = sound();
  const size_t start = elf.offset_of(".BTF");
  const auto header = elf.read<btf_header>(start);
  // The first type of an object is the pointer of a map's definition: made a typedef of itself.
  const size_t first = start + header.hdr_len + header.type_off;
  elf.change<btf_type>(first, [](btf_type& type) {
    type.info = uint32_t{BTF_KIND_TYPEDEF} << 24;
    type.type = 1;
  });
  expect_refused(elf, "ERR_BPF_BTF", "type [1] leads back to itself");
});

// libbpf's own, not in uapi: magic, version, flags, length; then offset and size of each kind of record.
const Case ext("records beside the types", [] {
  const size_t header = sound().offset_of(".BTF.ext");
  const auto word = [&](size_t at, uint32_t value, const char* why) {
    btf_refused<uint32_t>(
        header + at, [&](uint32_t& old) { old = value; }, why);
  };
  word(0, 0, "no sound header");
  word(4, 4, "no sound header");
  word(8, UINT32_MAX, "function records that reach outside");
  word(20, UINT32_MAX, "line records that reach outside");
  word(32, 0, "function records of an impossible size");
  word(36, UINT32_MAX, "function records with names outside");
  word(40, UINT32_MAX, "function records that reach outside");
  word(48, UINT32_MAX, "function records of types that are not there");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
