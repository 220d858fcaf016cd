// One buffer for the elements that go to the kernel and come back, kept from call to call: making one would cost more
// than many a system call.
let idle: Uint8Array<ArrayBuffer> | undefined = new Uint8Array(4096);

/**
 * A buffer of at least `size` bytes, whoever calls. A value's getters can come back here while its element is being
 * written: they find the buffer taken, and get another.
 */
export function takeElementBuffer(size: number): Uint8Array<ArrayBuffer> {
  const buffer = idle;
  idle = undefined;
  return buffer !== undefined && buffer.length >= size ? buffer : new Uint8Array(Math.max(size, 4096));
}

/** Gives a buffer back; what it holds is of no use from here on. */
export function giveElementBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  idle = buffer;
}
