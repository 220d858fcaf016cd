// The types of the BPF object "marked", written by `bpf-lsm types`: write them again when it changes.

/** What the object holds: `BpfObject.open<Marked>(...)`. */
export interface Marked {
  /** What 64-bit integers come as: open the object with the same. */
  u64: 'bigint';
  programs: 'deny_task' | 'deny_directory' | 'deny_cgroup' | 'deny_gated' | 'deny_socket';
  maps: {
    tasks: { type: 'task_storage'; value: Mark };
    inodes: { type: 'inode_storage'; value: Mark };
    sockets: { type: 'sk_storage'; value: Mark };
    cgroups: { type: 'cgrp_storage'; value: Mark };
    gated: { type: 'cgroup_array' };
  };
  globals: {};
}

/** `struct mark`, 8 bytes */
export interface Mark {
  /** __u32 */
  deny_errno: number;
  /** __u32 */
  denied: number;
}
