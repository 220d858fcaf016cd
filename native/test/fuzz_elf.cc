// Whatever is in an object file: it is refused by the check or safe for libbpf. An input is either a whole
// file or, since few of those get past the first test, a list of changes to a real one.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "../core/elf_check.h"
#include "../core/error.h"
#include "../core/object.h"
#include "fuzz_input.h"

namespace {

std::vector<std::byte> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) std::abort();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

// Places of four bytes get a value, places of one byte a bit turned.
std::vector<std::byte> changed(bpf_lsm::testing::FuzzInput& input) {
  static const std::vector<std::byte> kSound = read_file("build/test/bpf/producer.bpf.o");
  auto image = kSound;
  while (!input.empty()) {
    const size_t at = input.between(0, image.size() - sizeof(uint32_t));
    const auto value = input.take<uint32_t>();
    if (input.take<uint8_t>() % 2) {
      std::memcpy(image.data() + at, &value, sizeof(value));
    } else {
      image[at] ^= std::byte{1} << (value % 8);
    }
  }
  return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bpf_lsm::testing::FuzzInput input(data, size);
  const bool whole = input.take<uint8_t>() % 4 == 0;
  const auto image = whole ? bpf_lsm::testing::copy_of(input.rest()) : changed(input);
  try {
    bpf_lsm::check_elf(image);
    bpf_lsm::Object::open(image, {.name = "fuzz", .pin_root = "", .kconfig = "", .btf_path = ""});
  } catch (const bpf_lsm::Error& error) {
    if (error.code().empty()) std::abort();
  }
  return 0;
}
