// The types of the BPF object "remap_ports", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<RemapPorts>(...)`. */
export interface RemapPorts {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'remap_bind4' | 'remap_bind6' | 'remap_connect4' | 'remap_connect6' | 'mask_sockname4' | 'mask_sockname6' | 'mask_peername4' | 'mask_peername6';
  maps: {
    bind_ports: { type: 'hash'; key: number; value: number };
    connect_ports: { type: 'hash'; key: number; value: number };
    '.bss': { type: 'array'; key: number; value: BssSection };
  };
  globals: {
    /** _Bool */
    mask: boolean;
  };
}

/** `.bss`, 1 bytes */
export interface BssSection {
  /** _Bool */
  mask: boolean;
}
