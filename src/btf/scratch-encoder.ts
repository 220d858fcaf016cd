import type { Target, Writer } from './encode-rules.js';

/** Stores a checked value in `into` at `offset`, or in fresh bytes. */
export type Encode = (value: unknown, into: Uint8Array | undefined, offset: number) => Uint8Array;

/**
 * Encodes aside and copies when all of it is right: `into` may be memory that a running program reads, such as the
 * mapped globals of an object, which must see neither zeroes nor half a value.
 */
export function scratchEncoder(write: Writer, size: number): Encode {
  let idle: Target | undefined;
  return (value, into, offset) => {
    // Getters of the value could call this encoder again: whoever finds the scratch taken makes another.
    const scratch = idle ?? makeTarget(size);
    idle = undefined;
    try {
      scratch.bytes.fill(0);
      write(scratch, 0, value, []);
      if (into === undefined) {
        return scratch.bytes.slice();
      }
      into.set(scratch.bytes, offset);
      return into;
    } finally {
      idle = scratch;
    }
  };
}

/** Fresh zeroed memory to encode into. */
export function makeTarget(size: number): Target {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}
