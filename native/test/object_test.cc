// Opening hostile and plain object images; loading needs a kernel and is tested from JavaScript.
#include "../core/object.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "expect.h"

using bpf_lsm::Object;
using bpf_lsm::testing::Case;

namespace {

std::vector<char> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<char> fixture() {
  const char* path = std::getenv("BPF_LSM_TEST_OBJECT");
  return read_file(path ? path : "build/test/bpf/kinds.bpf.o");
}

std::shared_ptr<Object> open(const std::vector<char>& image, size_t size) {
  return Object::open(std::as_bytes(std::span(image.data(), size)),
                      {.name = "kinds", .pin_root = "", .kconfig = "", .btf_path = ""});
}

const Case plain("an object tells its programs, maps and sections", [] {
  const auto image = fixture();
  EXPECT(!image.empty());
  const auto object = open(image, image.size());
  EXPECT(object->programs().size() == 3);
  EXPECT(!object->raw_btf().empty());
  bool bss = false, records = false;
  for (const auto& map : object->maps()) {
    bss |= map.name == ".bss" && map.internal;
    records |= map.name == "records" && map.value_size == 0 && map.value_type_id != 0;
  }
  EXPECT(bss && records);
});

const Case unknown_names("unknown programs and maps are told by name", [] {
  const auto image = fixture();
  const auto object = open(image, image.size());
  EXPECT_ERROR(object->set_autoload("nope", false), bpf_lsm::codes::kUnknown);
  EXPECT_ERROR(object->set_max_entries("nope", 1), bpf_lsm::codes::kUnknown);
  EXPECT_ERROR(object->initial_value("by_key"), bpf_lsm::codes::kArgument);
  EXPECT_ERROR(object->program_fd("copy_kinds"), "ERR_BPF_NOT_LOADED");
});

const Case truncated("an object cut short anywhere is refused or opened, never a crash", [] {
  const auto image = fixture();
  size_t refused = 0;
  for (size_t size = 0; size < image.size(); size += 97) {
    try {
      open(image, size);
    } catch (const bpf_lsm::Error& error) {
      EXPECT(!error.code().empty());
      refused++;
    }
  }
  EXPECT(refused > 0);
});

const Case log_is_kept("libbpf's words travel with the error", [] {
  // The header of an object and nothing of BPF: sound, but not for libbpf.
  const auto whole = fixture();
  std::vector<char> image(whole.begin(), whole.begin() + sizeof(Elf64_Ehdr));
  image.insert(image.end(), sizeof(Elf64_Shdr), '\0');
  Elf64_Ehdr header{};
  std::memcpy(&header, image.data(), sizeof(header));
  header.e_shoff = sizeof(header);
  header.e_shnum = 1;
  header.e_shstrndx = 0;
  std::memcpy(image.data(), &header, sizeof(header));
  const Elf64_Shdr names{.sh_name = 0,
                         .sh_type = SHT_STRTAB,
                         .sh_flags = 0,
                         .sh_addr = 0,
                         .sh_offset = EI_NIDENT - 1,
                         .sh_size = 1,
                         .sh_link = 0,
                         .sh_info = 0,
                         .sh_addralign = 1,
                         .sh_entsize = 0};
  std::memcpy(image.data() + sizeof(header), &names, sizeof(names));
  try {
    open(image, image.size());
    bpf_lsm::testing::fail(__FILE__, __LINE__, "opened");
  } catch (const bpf_lsm::Error& error) {
    EXPECT(error.libbpf_log().find("libbpf:") != std::string::npos);
  }
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
