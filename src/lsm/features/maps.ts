import { type NativeMapProbe, native } from '../../native.js';
import { type Capability, type Finding, kernelEnum } from '../../object/index.js';
import { type Answer, byErrno, type Feature, tried } from './feature.js';
import { libbpfHas } from './libbpf.js';

const BPF_F_NO_PREALLOC = 1;
const BPF_F_MMAPABLE = 1 << 10;
const PAGE = 4096;
const EINVAL = 22;
const EOPNOTSUPP = 95;

type Shape = Partial<NativeMapProbe>;
const ARRAY: Shape = { keySize: 4, valueSize: 4, maxEntries: 1 };
const STORAGE: Shape = { keySize: 4, valueSize: 4, flags: BPF_F_NO_PREALLOC, typed: true };

/** enum bpf_map_type, and the least that the kernel makes of each. */
const TYPES: readonly [name: string, type: number, shape: Shape, libbpf?: [symbol: string, since: string]][] =
  [
    ['hash', 1, ARRAY],
    ['array', 2, ARRAY],
    ['prog_array', 3, ARRAY],
    ['perf_event_array', 4, ARRAY],
    ['percpu_hash', 5, ARRAY],
    ['percpu_array', 6, ARRAY],
    ['cgroup_array', 8, ARRAY],
    ['lru_hash', 9, ARRAY],
    ['lru_percpu_hash', 10, ARRAY],
    ['lpm_trie', 11, { keySize: 8, valueSize: 4, maxEntries: 1, flags: BPF_F_NO_PREALLOC }],
    ['array_of_maps', 12, { ...ARRAY, holdsArrays: true }],
    ['hash_of_maps', 13, { ...ARRAY, holdsArrays: true }],
    ['queue', 22, { valueSize: 4, maxEntries: 1 }],
    ['stack', 23, { valueSize: 4, maxEntries: 1 }],
    ['sk_storage', 24, STORAGE],
    ['ringbuf', 27, { maxEntries: PAGE }],
    ['inode_storage', 28, STORAGE],
    ['task_storage', 29, STORAGE],
    ['bloom_filter', 30, { valueSize: 4, maxEntries: 1 }],
    ['user_ringbuf', 31, { maxEntries: PAGE }, ['user_ring_buffer__new', '1.1']],
    ['cgrp_storage', 32, STORAGE],
    ['arena', 33, { maxEntries: 1, flags: BPF_F_MMAPABLE }, ['bpf_token_create', '1.4']],
    ['insn_array', 34, { keySize: 4, valueSize: 16, maxEntries: 1 }],
  ];

/** The types that a process without capabilities may make, if kernel.unprivileged_bpf_disabled is 0. */
const NEEDS: readonly Capability[] = ['CAP_BPF'];

/** The map types, each by making a small map. @internal */
export function mapFeatures(): Feature[] {
  const known = kernelEnum('bpf_map_type');
  return TYPES.map(([name, type, shape, libbpf]) => {
    const probe = {
      type,
      keySize: 0,
      valueSize: 0,
      maxEntries: 0,
      flags: 0,
      typed: false,
      holdsArrays: false,
    };
    const answer = { errno: native().probeMap({ ...probe, ...shape }) };
    const isKnown = known?.has(`BPF_MAP_TYPE_${name.toUpperCase()}`);
    const asked = { name, needs: NEEDS, ...(libbpf && { libbpf: libbpfHas(...libbpf) }) };
    return tried('maps', asked, answer, (given) => judge(given, isKnown));
  });
}

/** A type that is not in the enumeration is a no even where the kernel answers EPERM, and one that is may be kept off. */
function judge(answer: Answer, isKnown: boolean | undefined): Finding {
  if (answer.errno === 0) return { verdict: 'yes', reason: 'one was made' };
  if (isKnown === false) return { verdict: 'no', reason: 'this kernel has no map type of that name' };
  if (answer.errno === EOPNOTSUPP) return { verdict: 'no', reason: 'it takes BPF as an active LSM' };
  if (answer.errno === EINVAL && isKnown) {
    return { verdict: 'no', reason: 'this kernel knows the name, and was built without it' };
  }
  return byErrno(answer);
}
