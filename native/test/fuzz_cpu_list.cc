// Whatever text stands where a list of CPUs should: an ascending list or an error comes of it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <vector>

#include "../core/cpu_list.h"
#include "../core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // On the heap and without a NUL behind it, so that a read of one byte too many is seen.
  const std::vector<char> text(data, data + size);
  try {
    const auto cpus = bpf_lsm::parse_cpu_list({text.data(), text.size()});
    if (std::adjacent_find(cpus.begin(), cpus.end(), std::greater_equal<>()) != cpus.end()) std::abort();
  } catch (const bpf_lsm::Error& error) {
    if (error.code() != "ERR_BPF_CPUS") std::abort();
  }
  return 0;
}
