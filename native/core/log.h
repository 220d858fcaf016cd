// What libbpf says, caught per call instead of printed.
#pragma once

#include <string>

namespace bpf_lsm {

// While one lives, everything that libbpf says on this thread at level warning or info is kept in it.
// Scopes nest; the innermost hears. Outside any scope libbpf stays silent.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }
  // Of a message that is longer than kLongest, the middle is left out, and said to be.
  void append(const char* data, size_t size);

  // A verifier's log of a program that ran into the limit of a million instructions has about 90 MB. A string
  // of JavaScript can have 512 MB.
  static constexpr size_t kLongest = size_t{256} << 20;

 private:
  LogCapture* outer_;
  std::string text_;
};

}  // namespace bpf_lsm
