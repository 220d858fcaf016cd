#include "../core/error.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "expect.h"

using bpf_lsm::Error;
using bpf_lsm::error_code;
using bpf_lsm::testing::Case;

namespace {

const Case names("every errno has the name the kernel gives it", [] {
  EXPECT(error_code(EPERM) == "EPERM");
  EXPECT(error_code(EOPNOTSUPP) == "EOPNOTSUPP");
  EXPECT(error_code(ESTALE) == "ESTALE");
});

const Case kernel_only("errno 524, which libc does not know, is ENOTSUPP", [] {
  EXPECT(error_code(524) == "ENOTSUPP");
  EXPECT(bpf_lsm::error_text(524).find("524") != std::string::npos);
});

const Case libbpf_names("libbpf's own errors have libbpf's names", [] {
  EXPECT(error_code(LIBBPF_ERRNO__FORMAT) == "LIBBPF_ERRNO__FORMAT");
  EXPECT(error_code(LIBBPF_ERRNO__NLPARSE) == "LIBBPF_ERRNO__NLPARSE");
});

const Case unknown("a number without a name is still told", [] { EXPECT(error_code(3999) == "E3999"); });

const Case sentence("the message says what failed and why", [] {
  const Error error(EACCES, "bpf(BPF_OBJ_GET)", "cannot open the pin /x");
  EXPECT(std::string(error.what()) == "cannot open the pin /x: Permission denied (EACCES)");
  EXPECT(error.err() == EACCES && error.code() == "EACCES" && error.syscall() == "bpf(BPF_OBJ_GET)");
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
