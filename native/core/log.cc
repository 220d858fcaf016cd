#include "log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <vector>

namespace bpf_lsm {

namespace {

// libbpf has one print callback per process; each thread has its own listener, so that a load on a pool
// thread and calls on the main thread or on workers do not mix.
thread_local LogCapture* listener = nullptr;

// Verifier logs come through here as one message that can be megabytes long.
int hear(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (!listener || level == LIBBPF_DEBUG) return 0;
  va_list measured;
  va_copy(measured, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, measured);
  va_end(measured);
  if (length <= 0) return 0;
  std::vector<char> text(static_cast<size_t>(length) + 1);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  listener->append(text.data(), static_cast<size_t>(length));
  return length;
}

}  // namespace

LogCapture::LogCapture() : outer_(listener) {
  static std::once_flag installed;
  std::call_once(installed, [] { libbpf_set_print(hear); });
  listener = this;
}

void LogCapture::append(const char* data, size_t size) {
  if (size <= kLongest) {
    text_.append(data, size);
    return;
  }
  constexpr size_t kHalf = kLongest / 2;
  text_.append(data, kHalf);
  text_ += "\n[" + std::to_string(size - 2 * kHalf) + " bytes are left out here]\n";
  text_.append(data + size - kHalf, kHalf);
}

LogCapture::~LogCapture() {
  listener = outer_;
}

}  // namespace bpf_lsm
