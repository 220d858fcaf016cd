// The types of the BPF object "exec_count", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<ExecCount>(...)`. */
export interface ExecCount {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'count_exec';
  maps: {
    events: { type: 'ringbuf'; value: Event };
    events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    execs_by_comm: { type: 'hash'; key: ExecKey; value: bigint };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u32 */
    target_parent: number;
    /** __u64 */
    get target_cgroup(): bigint;
    set target_cgroup(value: bigint | number);
    /** __u64 */
    get execs(): bigint;
    set execs(value: bigint | number);
    /** __u64 */
    get execs_not_in_map(): bigint;
    set execs_not_in_map(value: bigint | number);
  };
}

/** `struct event`, 304 bytes */
export interface Event {
  /** __u64 */
  time_ns: bigint;
  /** __u64 */
  cgroup: bigint;
  /** __u32 */
  pid: number;
  /** __u32 */
  ppid: number;
  /** __u32 */
  uid: number;
  /** char[16] */
  comm: string;
  /** char[256] */
  filename: string;
  /** __u32 */
  filename_size: number;
}

/** `struct exec_key`, 20 bytes */
export interface ExecKey {
  /** __u32 */
  uid: number;
  /** char[16] */
  comm: string;
}

/** `.bss`, 32 bytes */
export interface BssSection {
  /** __u32 */
  target_parent: number;
  /** __u64 */
  target_cgroup: bigint;
  /** __u64 */
  execs: bigint;
  /** __u64 */
  execs_not_in_map: bigint;
}
