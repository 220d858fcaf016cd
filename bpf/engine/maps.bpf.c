// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps alone, for those who need no program: libbpf opens them without reading the kernel's types. */
#include "maps.h"
