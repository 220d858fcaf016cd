// The types of the BPF object "exec_env_guard", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<ExecEnvGuard>(...)`. */
export interface ExecEnvGuard {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'guard_exec';
  maps: {
    events: { type: 'ringbuf'; value: Event };
    events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    listed: { type: 'inode_storage'; value: number };
    '.data': { type: 'array'; key: number; value: DataSection };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** volatile char[48] */
    forbidden_name: string;
    mode: Mode;
    /** _Bool */
    guard_set_id: boolean;
    /** __u64 */
    get seen(): bigint;
    set seen(value: bigint | number);
    /** __u64 */
    get killed(): bigint;
    set killed(value: bigint | number);
  };
}

/** `enum mode` */
export type Mode = 'MODE_AUDIT' | 'MODE_ENFORCE' | number;

/** `enum reason` */
export type Reason = 'REASON_NONE' | 'REASON_LISTED' | 'REASON_SET_ID' | number;

/** `enum verdict` */
export type Verdict = 'VERDICT_WOULD_KILL' | 'VERDICT_KILLED' | 'VERDICT_FAILED' | number;

/** `struct event`, 568 bytes */
export interface Event {
  /** __u64 */
  time_ns: bigint;
  /** __u32 */
  pid: number;
  /** __u32 */
  ppid: number;
  /** __u32 */
  uid: number;
  /** __u32 */
  count: number;
  /** _Bool */
  unreadable: boolean;
  reason: Reason;
  verdict: Verdict;
  /** char[16] */
  comm: string;
  /** char[256] */
  filename: string;
  /** char[256] */
  value: string;
}

/** `.data`, 48 bytes */
export interface DataSection {
  /** volatile char[48] */
  forbidden_name: string;
}

/** `.bss`, 24 bytes */
export interface BssSection {
  mode: Mode;
  /** _Bool */
  guard_set_id: boolean;
  /** __u64 */
  seen: bigint;
  /** __u64 */
  killed: bigint;
}
