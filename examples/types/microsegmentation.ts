// The types of the BPF object "microsegmentation", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<Microsegmentation>(...)`. */
export interface Microsegmentation {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'segment_stream' | 'segment_stream_gated' | 'segment_datagram' | 'segment_datagram_gated' | 'segment_connect' | 'segment_connect_gated';
  maps: {
    cgroup_tags: { type: 'hash'; key: bigint; value: number };
    address_tags: { type: 'hash'; key: Destination; value: number };
    passages: { type: 'hash'; key: Passage; value: number };
    segment_stream_gate: { type: 'hash'; key: bigint; value: number };
    segment_datagram_gate: { type: 'hash'; key: bigint; value: number };
    segment_connect_gate: { type: 'hash'; key: bigint; value: number };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** __u64 */
    get denied(): bigint;
    set denied(value: bigint | number);
  };
}

/** `struct destination`, 20 bytes */
export interface Destination {
  /** __u8[16] */
  address: Uint8Array;
  /** __u32 */
  port: number;
}

/** `struct passage`, 8 bytes */
export interface Passage {
  /** __u32 */
  from: number;
  /** __u32 */
  to: number;
}

/** `.bss`, 8 bytes */
export interface BssSection {
  /** __u64 */
  denied: bigint;
}
