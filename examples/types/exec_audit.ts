// The types of the BPF object "exec_audit", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<ExecAudit>(...)`. */
export interface ExecAudit {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'report_exec';
  maps: {
    execs: { type: 'ringbuf'; value: Exec };
    execs_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    strings: { type: 'ringbuf'; value: Chunk };
    strings_dropped: { type: 'percpu_array'; key: number; value: bigint[] };
    '.bss': { type: 'array'; key: number; value: BssSection };
    '.data': { type: 'array'; key: number; value: DataSection };
  };
  globals: {
    /** __u32 */
    target_parent: number;
    /** __u64 */
    get target_cgroup(): bigint;
    set target_cgroup(value: bigint | number);
    /** volatile char[48] */
    watched_name: string;
    /** __u64 */
    get exec_count(): bigint;
    set exec_count(value: bigint | number);
    /** __u32 */
    strings_limit: number;
  };
}

/** `struct exec`, 600 bytes */
export interface Exec {
  /** __u64 */
  id: bigint;
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
  /** __u32 */
  gid: number;
  /** __u32 */
  argc: number;
  /** __u32 */
  envc: number;
  /** __u32 */
  strings_size: number;
  /** __u32 */
  strings_sent: number;
  /** __u32 */
  watched_count: number;
  /** __u32 */
  watched_size: number;
  /** __u32 */
  watched_sent: number;
  /** _Bool */
  watched_unknown: boolean;
  /** _Bool */
  filename_cut: boolean;
  /** _Bool */
  interp_cut: boolean;
  /** char[16] */
  comm: string;
  /** char[256] */
  filename: string;
  /** char[256] */
  interp: string;
}

/** `enum part` */
export type Part = 'PART_ALL' | 'PART_WATCHED' | number;

/** `struct chunk`, 1048 bytes */
export interface Chunk {
  /** __u64 */
  exec: bigint;
  part: Part;
  /** __u32 */
  offset: number;
  /** __u32 */
  size: number;
  /** __u8[1024] */
  bytes: Uint8Array;
}

/** `.bss`, 72 bytes */
export interface BssSection {
  /** __u32 */
  target_parent: number;
  /** __u64 */
  target_cgroup: bigint;
  /** volatile char[48] */
  watched_name: string;
  /** __u64 */
  exec_count: bigint;
}

/** `.data`, 4 bytes */
export interface DataSection {
  /** __u32 */
  strings_limit: number;
}
