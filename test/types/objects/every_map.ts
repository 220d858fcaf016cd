// The types of the BPF object "every_map", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<EveryMap>(...)`. */
export interface EveryMap {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'call_slot' | 'called' | 'pop_push' | 'in_bloom' | 'match_prefix' | 'count_inner' | 'count_shared' | 'in_cgroup' | 'own_mark';
  maps: {
    calls: { type: 'prog_array' };
    queue: { type: 'queue'; value: Note };
    stack: { type: 'stack'; value: Note };
    bloom: { type: 'bloom_filter'; value: Note };
    trie: { type: 'lpm_trie'; key: Prefix; value: Note };
    array_of_maps: { type: 'array_of_maps'; key: number; inner: { type: 'array'; key: number; value: bigint } };
    shared: { type: 'array'; key: number; value: bigint };
    cgroups: { type: 'cgroup_array' };
    tasks: { type: 'task_storage'; value: Note };
    hash: { type: 'hash'; key: number; value: bigint };
    lru_hash: { type: 'lru_hash'; key: number; value: bigint };
    percpu_hash: { type: 'percpu_hash'; key: number; value: number[] };
    lru_percpu_hash: { type: 'lru_percpu_hash'; key: number; value: number[] };
    array: { type: 'array'; key: number; value: Note };
    percpu_array: { type: 'percpu_array'; key: number; value: number[] };
    shared_small: { type: 'array'; key: number; value: number };
    shared_rdonly_prog: { type: 'array'; key: number; value: bigint };
    perf_events: { type: 'perf_event_array'; value: Note };
    user_records: { type: 'user_ringbuf'; value: Note };
    hash_of_maps: { type: 'hash_of_maps'; key: Prefix; inner: { type: 'hash'; key: Prefix; value: Note } };
    sockets: { type: 'sk_storage'; value: Note };
    '.bss': { type: 'array'; key: number; value: BssSection };
    '.rodata.cst16': { type: 'array'; key: number; value: Uint8Array };
  };
  globals: {
    /** __s64 */
    get result(): bigint;
    set result(value: bigint | number);
    /** __u32 */
    found_mark: number;
  };
}

/** `struct note`, 16 bytes */
export interface Note {
  /** __u32 */
  mark: number;
  /** char[12] */
  text: string;
}

/** `struct prefix`, 8 bytes */
export interface Prefix {
  /** __u32 */
  prefixlen: number;
  /** __u8[4] */
  address: Uint8Array;
}

/** `.bss`, 12 bytes */
export interface BssSection {
  /** __s64 */
  result: bigint;
  /** __u32 */
  found_mark: number;
}
