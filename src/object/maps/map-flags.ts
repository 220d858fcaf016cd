import { describeValue } from '../../btf/index.js';
import { BpfError } from '../../errors.js';

// include/uapi/linux/bpf.h, "flags for BPF_MAP_CREATE command". Left out are those that belong to a descriptor
// (BPF_F_RDONLY, BPF_F_WRONLY) or to another choice (BPF_F_NUMA_NODE).
const BITS = {
  no_prealloc: 0,
  no_common_lru: 1,
  stack_build_id: 5,
  zero_seed: 6,
  rdonly_prog: 7,
  wronly_prog: 8,
  clone: 9,
  mmapable: 10,
  preserve_elems: 11,
  inner_map: 12,
  link: 13,
  path_fd: 14,
  vtype_btf_obj_fd: 15,
  token_fd: 16,
  segv_on_fault: 17,
  no_user_conv: 18,
  rb_overwrite: 19,
} as const;

/** A flag that a map is made with: the kernel's `BPF_F_...` in lower case, such as `no_prealloc` or `mmapable`. */
export type MapFlag = keyof typeof BITS;

const OF_A_DESCRIPTOR = (1 << 3) | (1 << 4);
const NUMA_NODE = 1 << 2;

/** A map's flags by name; bits without one in hex. */
export function flagNames(flags: number): (MapFlag | `0x${string}`)[] {
  const names: (MapFlag | `0x${string}`)[] = [];
  let rest = permanentFlags(flags) & ~NUMA_NODE;
  for (const [name, bit] of Object.entries(BITS)) {
    if (rest & (1 << bit)) names.push(name as MapFlag);
    rest &= ~(1 << bit);
  }
  return rest === 0 ? names : [...names, `0x${(rest >>> 0).toString(16)}`];
}

/** The bits of flags, as {@link flagNames} gives them; throws for a name that is none. */
export function flagBits(flags: readonly (MapFlag | `0x${string}`)[], of: string): number {
  let bits = 0;
  if (!Array.isArray(flags)) throw noFlags(flags, of);
  for (const name of flags) {
    if (typeof name === 'string' && Object.hasOwn(BITS, name)) bits |= 1 << BITS[name as MapFlag];
    else if (typeof name === 'string' && /^0x[0-9a-f]{1,8}$/.test(name)) bits |= Number(name);
    else throw noFlags(name, of);
  }
  return bits >>> 0;
}

/** What the kernel keeps with the map (kernel/bpf/syscall.c bpf_map_flags_retain_permanent). */
export function permanentFlags(flags: number): number {
  return (flags & ~OF_A_DESCRIPTOR) >>> 0;
}

function noFlags(given: unknown, of: string): BpfError {
  return new BpfError(`the flags of ${of} must be names of map flags, not ${describeValue(given)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: `use ${Object.keys(BITS).join(', ')}`,
  });
}
