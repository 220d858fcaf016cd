// The types of the BPF object "deny_connect", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<DenyConnect>(...)`. */
export interface DenyConnect {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'deny_connect' | 'deny_connect_gated' | 'deny_fast_open' | 'deny_fast_open_gated';
  maps: {
    denied_ports: { type: 'hash'; key: number; value: number };
    deny_connect_gate: { type: 'hash'; key: bigint; value: number };
    deny_fast_open_gate: { type: 'hash'; key: bigint; value: number };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
  };
}

/** `.bss`, 8 bytes */
export interface BssSection {
  /** __u64 */
  denied: bigint;
}
