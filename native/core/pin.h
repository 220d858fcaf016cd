// Pins: names in bpffs that keep a kernel object alive without any process.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace bpf_lsm {

enum class ObjectKind { kMap, kProgram, kLink };

// What the descriptor refers to; the kernel takes a descriptor of any kind from a pin.
ObjectKind kind_of(int fd);

// Whether the descriptor, of anything, is that of a link.
bool is_link(int fd);

void pin(int fd, const std::string& path);

// Opens a pin and makes sure that it is of the wanted kind. `flags`, for maps: BPF_F_RDONLY or BPF_F_WRONLY.
UniqueFd open_pin(const std::string& path, ObjectKind wanted, uint32_t flags = 0);

}  // namespace bpf_lsm
