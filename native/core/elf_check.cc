#include "elf_check.h"

#include <elf.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "btf_check.h"
#include "error.h"
#include "image.h"

namespace bpf_lsm {

namespace {

constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

// Sizes go through libbpf as 32 bits, and through the kernel as the size of a map's value.
constexpr uint64_t kLargestSection = std::numeric_limits<int32_t>::max();

[[noreturn]] void refuse(const std::string& why) {
  throw Error(codes::kObject, why);
}

// A section header and what it describes; of a section without bytes in the file (.bss) nothing.
struct Section {
  Elf64_Shdr header;
  Image content;
  std::string_view name;
};

std::string quoted(std::string_view name) {
  return '"' + std::string(name) + '"';
}

class ElfCheck {
 public:
  explicit ElfCheck(Image elf) : elf_(elf) {}

  void run() {
    check_header();
    collect_sections();
    name_sections();
    for (const Section& section : sections_) check_section(section);
    check_types();
  }

 private:
  void check_header() {
    const auto header = elf_.read<Elf64_Ehdr>(0);
    if (!elf_.holds(0, SELFMAG) || std::string_view(elf_.text(0), SELFMAG) != ELFMAG) {
      throw Error(codes::kNotElf, "it is not an ELF file");
    }
    if (!header) refuse("it ends within the ELF header");
    header_ = *header;
    if (header_.e_ident[EI_CLASS] != ELFCLASS64)
      refuse("it is not an ELF file of 64 bits, as BPF objects are");
    if (header_.e_ident[EI_DATA] != kByteOrder) refuse("it is in the other byte order than this machine's");
    if (header_.e_type != ET_REL)
      refuse("it is an ELF file that was linked, not an object as clang -c writes it");
    if (header_.e_machine != EM_BPF && header_.e_machine != EM_NONE) {
      refuse("it is for another machine than BPF (e_machine " + std::to_string(header_.e_machine) + ")");
    }
  }

  void collect_sections() {
    const uint64_t count = header_.e_shnum;
    if (count == 0 || header_.e_shentsize != sizeof(Elf64_Shdr)) refuse("it has no section headers");
    if (!elf_.holds(header_.e_shoff, count * sizeof(Elf64_Shdr)))
      refuse("its section headers reach outside the file");
    for (uint64_t i = 0; i < count; i++) {
      const auto header =
          elf_.read<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr)).value_or(Elf64_Shdr{});
      const bool stored = header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL;
      if (header.sh_size > kLargestSection) refuse("section " + std::to_string(i) + " is larger than 2 GiB");
      if (stored && !elf_.holds(header.sh_offset, header.sh_size)) {
        refuse("section " + std::to_string(i) + " reaches outside the file");
      }
      const Image content = stored ? elf_.part(header.sh_offset, header.sh_size) : Image({});
      sections_.push_back({.header = header, .content = content, .name = {}});
    }
  }

  void name_sections() {
    const Section& names = strings(header_.e_shstrndx, "the names of sections");
    for (Section& section : sections_)
      section.name = text(names, section.header.sh_name, "the name of a section");
  }

  void check_section(const Section& section) const {
    switch (section.header.sh_type) {
      case SHT_SYMTAB:
        return check_symbols(section);
      case SHT_REL:
        return check_relocations<Elf64_Rel>(section);
      case SHT_RELA:
        return check_relocations<Elf64_Rela>(section);
      default:
        return;
    }
  }

  void check_symbols(const Section& table) const {
    const Section& names = strings(table.header.sh_link, "the names of symbols");
    each<Elf64_Sym>(table, [&](const Elf64_Sym& symbol) {
      const std::string_view name = text(names, symbol.st_name, "the name of a symbol");
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || symbol.st_shndx == SHN_COMMON) return;
      const Elf64_Shdr& section = this->section(symbol.st_shndx, "a symbol").header;
      if (symbol.st_value > section.sh_size || symbol.st_size > section.sh_size - symbol.st_value) {
        refuse("its symbol " + quoted(name) + " reaches outside its section");
      }
    });
  }

  template <typename Relocation>
  void check_relocations(const Section& table) const {
    const Section& symbols = section(table.header.sh_link, "the symbols of relocations");
    if (symbols.header.sh_type != SHT_SYMTAB) refuse("its section " + quoted(table.name) + " has no symbols");
    const uint64_t count = symbols.content.size() / sizeof(Elf64_Sym);
    const Section& target = section(table.header.sh_info, "the target of relocations");
    each<Relocation>(table, [&](const Relocation& relocation) {
      if (ELF64_R_SYM(relocation.r_info) >= count || relocation.r_offset >= target.header.sh_size) {
        refuse("a relocation in " + quoted(table.name) + " refers to what is not there");
      }
    });
  }

  void check_types() const {
    BtfExtent extent;
    for (const Section& section : sections_) {
      if (section.name == ".BTF" && section.content.size() > 0) extent = check_btf(section.content);
    }
    for (const Section& section : sections_) {
      if (section.name == ".BTF.ext" && section.content.size() > 0) check_btf_ext(section.content, extent);
    }
  }

  template <typename T, typename Visit>
  void each(const Section& table, const Visit& visit) const {
    if (table.header.sh_entsize != sizeof(T) || table.content.size() % sizeof(T) != 0) {
      refuse("its section " + quoted(table.name) + " is not made of entries of " + std::to_string(sizeof(T)) +
             " bytes");
    }
    for (uint64_t at = 0; at < table.content.size(); at += sizeof(T)) {
      visit(table.content.read<T>(at).value_or(T{}));
    }
  }

  const Section& section(uint64_t index, const char* of) const {
    if (index >= sections_.size()) refuse(std::string("the section of ") + of + " is not there");
    return sections_[index];
  }

  const Section& strings(uint64_t index, const char* what) const {
    const Section& found = section(index, what);
    if (found.header.sh_type != SHT_STRTAB || !found.content.ends_with_nul()) {
      refuse(std::string("it has no sound table with ") + what);
    }
    return found;
  }

  static std::string_view text(const Section& strings, uint64_t offset, const char* what) {
    if (offset >= strings.content.size()) refuse(std::string(what) + " is outside the table of them");
    return strings.content.text(offset);
  }

  Image elf_;
  Elf64_Ehdr header_{};
  std::vector<Section> sections_;
};

}  // namespace

void check_elf(std::span<const std::byte> elf) {
  ElfCheck(Image(elf)).run();
}

}  // namespace bpf_lsm
