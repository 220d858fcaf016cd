// The types of the BPF object "proc_mem_guard", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<ProcMemGuard>(...)`. */
export interface ProcMemGuard {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'guard_proc_mem' | 'guard_access';
  maps: {
    events: { type: 'ringbuf'; value: Event };
    events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    '.bss': { type: 'array'; key: number; value: BssSection };
    '.data': { type: 'array'; key: number; value: DataSection };
  };
  globals: {
    mode: Mode;
    /** __u32 */
    target_pid: number;
    /** __u64 */
    get opener_cgroup(): bigint;
    set opener_cgroup(value: bigint | number);
    /** __u64 */
    get seen(): bigint;
    set seen(value: bigint | number);
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
    /** _Bool */
    skip_self: boolean;
  };
}

/** `enum mode` */
export type Mode = 'MODE_AUDIT' | 'MODE_ENFORCE' | number;

/** `enum way` */
export type Way = 'WAY_PROC_MEM' | 'WAY_ACCESS' | number;

/** `enum verdict` */
export type Verdict = 'VERDICT_WOULD_DENY' | 'VERDICT_DENIED' | number;

/** `struct event`, 56 bytes */
export interface Event {
  /** __u64 */
  time_ns: bigint;
  /** __u64 */
  cgroup: bigint;
  /** __u32 */
  pid: number;
  /** __u32 */
  uid: number;
  /** __u32 */
  target: number;
  /** __u32 */
  target_tid: number;
  way: Way;
  verdict: Verdict;
  /** char[16] */
  comm: string;
}

/** `.bss`, 32 bytes */
export interface BssSection {
  mode: Mode;
  /** __u32 */
  target_pid: number;
  /** __u64 */
  opener_cgroup: bigint;
  /** __u64 */
  seen: bigint;
  /** __u64 */
  denied: bigint;
}

/** `.data`, 1 bytes */
export interface DataSection {
  /** _Bool */
  skip_self: boolean;
}
