// The types of the BPF object "no_new_directories", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<NoNewDirectories>(...)`. */
export interface NoNewDirectories {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'no_new_directories';
  maps: {
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u32 */
    target_pid: number;
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
  };
}

/** `.bss`, 16 bytes */
export interface BssSection {
  /** __u32 */
  target_pid: number;
  /** __u64 */
  denied: bigint;
}
