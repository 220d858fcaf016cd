#include "custom_btf.h"

#include <linux/btf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <span>
#include <string_view>
#include <vector>

#include "btf_check.h"
#include "image.h"

namespace bpf_lsm {

namespace {

// The kernel's own BTF has 5 to 10 MB; a file that never ends is not read for ever.
constexpr size_t kMostBytes = size_t{256} << 20;
constexpr size_t kPiece = size_t{1} << 20;

[[noreturn]] void fail(const char* call, const std::string& path) {
  throw Error(errno, call, "cannot read the BTF file " + path).with_path(path);
}

std::vector<std::byte> content_of(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) fail("open", path);
  std::vector<std::byte> content;
  while (content.size() <= kMostBytes) {
    const size_t before = content.size();
    content.resize(before + kPiece);
    const ssize_t count = read(file.get(), content.data() + before, kPiece);
    if (count < 0) fail("read", path);
    content.resize(before + static_cast<size_t>(count));
    if (count == 0) return content;
  }
  throw Error(codes::kBtf, "the file " + path + " is larger than any BTF").with_path(path);
}

void assert_sound(const std::vector<std::byte>& content, const std::string& path) {
  const Image btf(content);
  if (btf.holds(0, 4) && std::string_view(btf.text(0), 4) ==
                             "\x7f"
                             "ELF") {
    throw Error(codes::kBtf, "the file " + path + " is an ELF file").with_path(path);
  }
  try {
    check_btf(btf);
  } catch (const Error& error) {
    throw Error(error.code(), "the file " + path + " cannot be used: " + error.what()).with_path(path);
  }
}

UniqueFd sealed_copy(std::span<const std::byte> content, const std::string& path) {
  UniqueFd copy(memfd_create("bpf-lsm-btf", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy.valid()) fail("memfd_create", path);
  while (!content.empty()) {
    const ssize_t written = write(copy.get(), content.data(), content.size());
    if (written < 0) fail("write", path);
    content = content.subspan(static_cast<size_t>(written));
  }
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
    fail("fcntl(F_ADD_SEALS)", path);
  return copy;
}

}  // namespace

UniqueFd custom_btf(const std::string& path) {
  const std::vector<std::byte> content = content_of(path);
  assert_sound(content, path);
  return sealed_copy(content, path);
}

}  // namespace bpf_lsm
