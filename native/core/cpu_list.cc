#include "cpu_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "error.h"
#include "fd.h"

namespace bpf_lsm {

namespace {

constexpr const char* kOnline = "/sys/devices/system/cpu/online";
// Far above what any kernel is built for (CONFIG_NR_CPUS).
constexpr uint32_t kMostCpus = 1 << 16;

[[noreturn]] void refuse_list(std::string_view text) {
  throw Error("ERR_BPF_CPUS", "\"" + std::string(text) + "\" is no list of CPUs");
}

// Takes a number off the beginning of `text`.
uint32_t take_number(std::string_view& text, std::string_view whole) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number >= kMostCpus) refuse_list(whole);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::vector<uint32_t> parse_cpu_list(std::string_view text) {
  const std::string_view whole = text;
  std::vector<uint32_t> cpus;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return cpus;
  do {
    const uint32_t first = take_number(text, whole);
    const uint32_t last = take(text, '-') ? take_number(text, whole) : first;
    if (last < first || (!cpus.empty() && first <= cpus.back())) refuse_list(whole);
    for (uint32_t cpu = first; cpu <= last; cpu++) cpus.push_back(cpu);
  } while (take(text, ','));
  if (!text.empty()) refuse_list(whole);
  return cpus;
}

std::vector<uint32_t> online_cpus() {
  const UniqueFd file(open(kOnline, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) throw Error(errno, "open", "cannot see which CPUs are online").with_path(kOnline);
  std::array<char, 4096> text{};
  const ssize_t size = read(file.get(), text.data(), text.size());
  if (size < 0) throw Error(errno, "read", "cannot see which CPUs are online").with_path(kOnline);
  return parse_cpu_list({text.data(), static_cast<size_t>(size)});
}

}  // namespace bpf_lsm
