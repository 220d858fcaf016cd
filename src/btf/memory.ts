import { Buffer } from 'node:buffer';

/** Two views of the same memory: numbers are read through one, text and bytes through the other. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly view: DataView;
  readonly bytes: Buffer;
}

/** Where bytes are: views that span their whole buffer, and the position in it at which they begin. */
export interface Location {
  readonly of: Uint8Array;
  readonly memory: Memory;
  readonly start: number;
}

let latest: Location = locate(new Uint8Array(0));

/**
 * Locates bytes. The last location is kept: events are decoded one after another from the same slab, and even asking a
 * Uint8Array for its buffer costs as much as decoding an event of a few fields.
 */
export function locationOf(bytes: Uint8Array): Location {
  if (latest.of !== bytes) latest = locate(bytes, latest.memory);
  return latest;
}

function locate(of: Uint8Array, known?: Memory): Location {
  const { buffer, byteOffset } = of;
  return { of, memory: known?.buffer === buffer ? known : spanning(buffer), start: byteOffset };
}

function spanning(buffer: ArrayBufferLike): Memory {
  return { buffer, view: new DataView(buffer), bytes: Buffer.from(buffer as ArrayBuffer) };
}
