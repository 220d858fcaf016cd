/** `struct event` of bpf/trace/trace.bpf.c. */
export interface RecordHead {
  time_ns: bigint;
  cgroup: bigint;
  failed: bigint;
  words: bigint[];
  pid: number;
  tid: number;
  uid: number;
  gid: number;
  result: number;
  comm: string;
}

/** A record of the BPF program's: its head, and behind it what the steps copied. */
export class TraceRecord {
  readonly bytes: Buffer;
  readonly head: RecordHead;

  constructor(bytes: Uint8Array, head: RecordHead) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.head = head;
  }

  /** Whether a step found nothing to read: a NULL pointer, or one that leads nowhere. */
  failed(step: number): boolean {
    return ((this.head.failed >> BigInt(step)) & 1n) === 1n;
  }

  /** Text up to a NUL, in a place of `size` bytes. */
  text(at: number, size: number): string {
    const place = this.bytes.subarray(at, at + size);
    const end = place.indexOf(0);
    return place.toString('utf8', 0, end < 0 ? size : end);
  }

  /**
   * `struct path_names`: u32 size, u32 complete, the names from the last to the first. Undefined when there was no
   * dentry.
   */
  path(at: number): string | undefined {
    const size = this.bytes.readUInt32LE(at);
    const complete = this.bytes.readUInt32LE(at + 4) !== 0;
    if (size === 0 && !complete) return undefined;
    const names = this.bytes.toString('utf8', at + 8, at + 8 + size).split('\0');
    names.pop();
    return `${complete ? '' : '...'}/${names.reverse().join('/')}`;
  }
}
