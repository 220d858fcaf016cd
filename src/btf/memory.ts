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

let latest: Location = { of: new Uint8Array(0), memory: spanning(new ArrayBuffer(0)), start: 0 };
let other: Location = latest;

/**
 * Locates bytes. The last two locations are kept: events are decoded one after another from the same slab, keys and
 * values by turns from two, and even asking a Uint8Array for its buffer costs as much as decoding an event of a few
 * fields.
 */
export function locationOf(bytes: Uint8Array): Location {
  if (latest.of !== bytes) {
    const found = other.of === bytes ? other : locate(bytes);
    other = latest;
    latest = found;
  }
  return latest;
}

function locate(of: Uint8Array): Location {
  const { buffer, byteOffset } = of;
  const near = [latest, other].find(({ memory }) => memory.buffer === buffer);
  return { of, memory: near?.memory ?? spanning(buffer), start: byteOffset };
}

function spanning(buffer: ArrayBufferLike): Memory {
  return { buffer, view: new DataView(buffer), bytes: Buffer.from(buffer as ArrayBuffer) };
}
