// The one exception type of the core. The addon turns it into a JavaScript BpfError; nothing else is thrown
// on purpose.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace bpf_lsm {

// The name callers match on: "EPERM", "ENOTSUPP" (524, which libc does not know), "LIBBPF_ERRNO__FORMAT".
std::string error_code(int err);

// What the error means, in libbpf's and libc's words.
std::string error_text(int err);

class Error : public std::exception {
 public:
  // A system or libbpf call failed: `err` is the positive errno; `what` says what was attempted on what.
  Error(int err, std::string syscall, const std::string& what);

  // Nothing failed in the kernel: the caller asked for something that makes no sense. `code` is one of our
  // own.
  Error(std::string code, std::string message);

  Error&& with_program(std::string name) &&;
  Error&& with_map(std::string name) &&;
  Error&& with_path(std::string path) &&;
  Error&& with_libbpf_log(std::string log) &&;
  // How many elements of a batch were done before one failed.
  Error&& with_done(uint32_t count) &&;

  const char* what() const noexcept override { return message_.c_str(); }
  int err() const { return err_; }
  const std::string& code() const { return code_; }
  const std::string& syscall() const { return syscall_; }
  const std::string& program() const { return program_; }
  const std::string& map() const { return map_; }
  const std::string& path() const { return path_; }
  const std::string& libbpf_log() const { return libbpf_log_; }
  std::optional<uint32_t> done() const { return done_; }

 private:
  int err_ = 0;
  std::string code_, message_, syscall_, program_, map_, path_, libbpf_log_;
  std::optional<uint32_t> done_;
};

namespace codes {
inline constexpr const char* kNotElf = "ERR_BPF_NOT_ELF";
inline constexpr const char* kObject = "ERR_BPF_OBJECT";
inline constexpr const char* kBtf = "ERR_BPF_BTF";
inline constexpr const char* kArgument = "ERR_BPF_ARGUMENT";
inline constexpr const char* kClosed = "ERR_BPF_CLOSED";
inline constexpr const char* kBusy = "ERR_BPF_BUSY";
inline constexpr const char* kUnknown = "ERR_BPF_UNKNOWN_NAME";
inline constexpr const char* kReadOnly = "ERR_BPF_READ_ONLY";
inline constexpr const char* kWrongKind = "ERR_BPF_WRONG_KIND";
}  // namespace codes

}  // namespace bpf_lsm
