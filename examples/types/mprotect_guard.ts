// The types of the BPF object "mprotect_guard", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<MprotectGuard>(...)`. */
export interface MprotectGuard {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'guard_mprotect';
  maps: {
    events: { type: 'ringbuf'; value: Event };
    events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    '.bss': { type: 'array'; key: number; value: BssSection };
    '.data': { type: 'array'; key: number; value: DataSection };
  };
  globals: {
    /** __u32 */
    target_pid: number;
    /** __u64 */
    get target_cgroup(): bigint;
    set target_cgroup(value: bigint | number);
    mode: Mode;
    /** _Bool */
    guard_write: boolean;
    /** __u64 */
    get seen(): bigint;
    set seen(value: bigint | number);
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
    /** __s32 */
    deny_errno: number;
    /** _Bool */
    guard_exec: boolean;
  };
}

/** `enum mode` */
export type Mode = 'MODE_AUDIT' | 'MODE_ENFORCE' | number;

/** `enum area` */
export type Area = 'AREA_OTHER' | 'AREA_HEAP' | 'AREA_STACK' | number;

/** `enum verdict` */
export type Verdict = 'VERDICT_WOULD_DENY' | 'VERDICT_DENIED' | number;

/** `struct event`, 88 bytes */
export interface Event {
  /** __u64 */
  time_ns: bigint;
  /** __u64 */
  cgroup: bigint;
  /** __u64 */
  vm_start: bigint;
  /** __u64 */
  vm_end: bigint;
  /** __u64 */
  reqprot: bigint;
  /** __u64 */
  prot: bigint;
  /** __u32 */
  pid: number;
  /** __u32 */
  tid: number;
  /** __u32 */
  uid: number;
  /** __s32 */
  error: number;
  area: Area;
  verdict: Verdict;
  /** char[16] */
  comm: string;
}

/** `.bss`, 40 bytes */
export interface BssSection {
  /** __u32 */
  target_pid: number;
  /** __u64 */
  target_cgroup: bigint;
  mode: Mode;
  /** _Bool */
  guard_write: boolean;
  /** __u64 */
  seen: bigint;
  /** __u64 */
  denied: bigint;
}

/** `.data`, 5 bytes */
export interface DataSection {
  /** __s32 */
  deny_errno: number;
  /** _Bool */
  guard_exec: boolean;
}
