// Whether BTF holds together: libbpf before 1.3 follows whatever reference it finds in there
// (tools/lib/bpf/btf.c, btf_sanity_check() came later), and a type that does not exist is a null pointer to
// it.
#pragma once

#include "image.h"

namespace bpf_lsm {

// What the sections that refer to BTF need to know of it.
struct BtfExtent {
  uint32_t types = 0;    // ids go from 0, which is void, to this
  uint32_t strings = 0;  // bytes of names
};

// Refuses with ERR_BPF_BTF: a header, type or name that reaches outside, a reference to a type that does not
// exist or is of a kind that cannot be meant, and a type that leads back to itself without a pointer or
// struct in between.
BtfExtent check_btf(Image btf);

// The same for a .BTF.ext section beside it.
void check_btf_ext(Image ext, const BtfExtent& btf);

}  // namespace bpf_lsm
