#include "error.h"

#include <bpf/libbpf.h>

#include <array>
#include <cstring>
#include <utility>

namespace bpf_lsm {

namespace {

// include/linux/errno.h: the kernel's BPF code returns it to user space although it was meant to stay inside.
constexpr int kKernelEnotsupp = 524;

const char* libbpf_error_name(int err) {
  switch (err) {
    case LIBBPF_ERRNO__LIBELF:
      return "LIBBPF_ERRNO__LIBELF";
    case LIBBPF_ERRNO__FORMAT:
      return "LIBBPF_ERRNO__FORMAT";
    case LIBBPF_ERRNO__KVERSION:
      return "LIBBPF_ERRNO__KVERSION";
    case LIBBPF_ERRNO__ENDIAN:
      return "LIBBPF_ERRNO__ENDIAN";
    case LIBBPF_ERRNO__INTERNAL:
      return "LIBBPF_ERRNO__INTERNAL";
    case LIBBPF_ERRNO__RELOC:
      return "LIBBPF_ERRNO__RELOC";
    case LIBBPF_ERRNO__LOAD:
      return "LIBBPF_ERRNO__LOAD";
    case LIBBPF_ERRNO__VERIFY:
      return "LIBBPF_ERRNO__VERIFY";
    case LIBBPF_ERRNO__PROG2BIG:
      return "LIBBPF_ERRNO__PROG2BIG";
    case LIBBPF_ERRNO__KVER:
      return "LIBBPF_ERRNO__KVER";
    case LIBBPF_ERRNO__PROGTYPE:
      return "LIBBPF_ERRNO__PROGTYPE";
    case LIBBPF_ERRNO__WRNGPID:
      return "LIBBPF_ERRNO__WRNGPID";
    case LIBBPF_ERRNO__INVSEQ:
      return "LIBBPF_ERRNO__INVSEQ";
    case LIBBPF_ERRNO__NLPARSE:
      return "LIBBPF_ERRNO__NLPARSE";
    default:
      return nullptr;
  }
}

}  // namespace

std::string error_code(int err) {
  if (err == kKernelEnotsupp) return "ENOTSUPP";
  if (const char* name = libbpf_error_name(err)) return name;
#ifdef __GLIBC__
  if (const char* name = strerrorname_np(err)) return name;
#endif
  return std::string("E").append(std::to_string(err));
}

std::string error_text(int err) {
  if (err == kKernelEnotsupp) return "not supported by this kernel (errno 524)";
  std::array<char, 256> text{};
  libbpf_strerror(err, text.data(), text.size());
  return text.data();
}

Error::Error(int err, std::string syscall, const std::string& what)
    : err_(err), code_(error_code(err)), syscall_(std::move(syscall)) {
  message_ = what + ": " + error_text(err) + " (" + code_ + ")";
}

Error::Error(std::string code, std::string message) : code_(std::move(code)), message_(std::move(message)) {}

Error&& Error::with_program(std::string name) && {
  program_ = std::move(name);
  return std::move(*this);
}

Error&& Error::with_map(std::string name) && {
  map_ = std::move(name);
  return std::move(*this);
}

Error&& Error::with_path(std::string path) && {
  path_ = std::move(path);
  return std::move(*this);
}

Error&& Error::with_done(uint32_t count) && {
  done_ = count;
  return std::move(*this);
}

Error&& Error::with_libbpf_log(std::string log) && {
  libbpf_log_ = std::move(log);
  return std::move(*this);
}

}  // namespace bpf_lsm
