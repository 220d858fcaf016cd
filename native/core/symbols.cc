#include "symbols.h"

#include <bpf/libbpf.h>
#include <dlfcn.h>

namespace bpf_lsm {

std::string libbpf_version() {
  const char* version = libbpf_version_string();
  return version[0] == 'v' ? version + 1 : version;
}

void* libbpf_symbol(const char* name) {
  // Any symbol of libbpf leads to the copy this addon is bound to, also when another addon carries its own.
  static void* const library = [] {
    Dl_info info{};
    if (!dladdr(reinterpret_cast<void*>(&libbpf_version_string), &info)) return static_cast<void*>(nullptr);
    return dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  }();
  return library ? dlsym(library, name) : nullptr;
}

}  // namespace bpf_lsm
