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
  void append(const char* data, size_t size) { text_.append(data, size); }

 private:
  LogCapture* outer_;
  std::string text_;
};

}  // namespace bpf_lsm
