// The types of the BPF object "limit_connections", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<LimitConnections>(...)`. */
export interface LimitConnections {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'limit_connect4' | 'limit_connect6' | 'forget_socket';
  maps: {
    connections: { type: 'array'; key: number; value: number };
    counted_in: { type: 'sk_storage'; value: number };
    '.data': { type: 'array'; key: number; value: DataSection };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u32 */
    limit: number;
    /** __u64 */
    get refused(): bigint;
    set refused(value: bigint | number);
  };
}

/** `.data`, 4 bytes */
export interface DataSection {
  /** __u32 */
  limit: number;
}

/** `.bss`, 8 bytes */
export interface BssSection {
  /** __u64 */
  refused: bigint;
}
