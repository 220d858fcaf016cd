// The types of the BPF object "unlink_running", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<UnlinkRunning>(...)`. */
export interface UnlinkRunning {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'judge_unlink' | 'judge_rename' | 'check_own_program';
  maps: {
    events: { type: 'ringbuf'; value: Event };
    events_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    deny: Deny;
    /** __u64 */
    get target_cgroup(): bigint;
    set target_cgroup(value: bigint | number);
    /** __u64 */
    get seen(): bigint;
    set seen(value: bigint | number);
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
  };
}

/** `enum deny` */
export type Deny = 'DENY_NOBODY' | 'DENY_ITSELF' | 'DENY_EVERYONE' | number;

/** `enum loss` */
export type Loss = 'LOSS_UNLINKED' | 'LOSS_REPLACED' | number;

/** `enum verdict` */
export type Verdict = 'VERDICT_ALLOWED' | 'VERDICT_DENIED' | number;

/** `struct event`, 328 bytes */
export interface Event {
  /** __u64 */
  time_ns: bigint;
  /** __u64 */
  cgroup: bigint;
  /** __u64 */
  inode: bigint;
  /** __u32 */
  pid: number;
  /** __u32 */
  uid: number;
  /** __u32 */
  links: number;
  /** __u32 */
  running: number;
  /** _Bool */
  itself: boolean;
  loss: Loss;
  verdict: Verdict;
  /** char[16] */
  comm: string;
  /** char[256] */
  name: string;
}

/** `.bss`, 32 bytes */
export interface BssSection {
  deny: Deny;
  /** __u64 */
  target_cgroup: bigint;
  /** __u64 */
  seen: bigint;
  /** __u64 */
  denied: bigint;
}
