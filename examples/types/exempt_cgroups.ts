// The types of the BPF object "exempt_cgroups", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<ExemptCgroups>(...)`. */
export interface ExemptCgroups {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'deny_bind' | 'deny_bind_gated';
  maps: {
    exempt: { type: 'cgroup_array' };
    deny_bind_gate: { type: 'hash'; key: bigint; value: number };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u16 */
    port: number;
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
  };
}

/** `.bss`, 16 bytes */
export interface BssSection {
  /** __u16 */
  port: number;
  /** __u64 */
  denied: bigint;
}
