import { Buffer } from 'node:buffer';

/** Two views of the same memory: numbers are read through one, text and bytes through the other. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly view: DataView;
  readonly bytes: Buffer;
}

let latest: Memory = spanning(new ArrayBuffer(0));

/**
 * The views that span an ArrayBuffer. The last ones made are kept: events are decoded one after another from the same
 * slab, and making views costs more than decoding one event.
 */
export function memoryOf(buffer: ArrayBufferLike): Memory {
  if (latest.buffer !== buffer) {
    latest = spanning(buffer);
  }
  return latest;
}

function spanning(buffer: ArrayBufferLike): Memory {
  return { buffer, view: new DataView(buffer), bytes: Buffer.from(buffer as ArrayBuffer) };
}
