import type { Target, Writer } from './encode-rules.js';
import type { Layout } from './layout.js';
import { isDense, isScalar } from './layout-cover.js';
import { locationOf } from './memory.js';

/** Stores a checked value in `into` at `offset`, or in fresh bytes. */
export type Encode = (value: unknown, into: Uint8Array | undefined, offset: number) => Uint8Array;

/**
 * Encodes so that nothing is stored unless all of it can be: `into` may be memory that a running program reads, such as
 * the mapped globals of an object, which must see neither zeroes nor half a value.
 *
 * @param partial - whether fields may be missing, and are then zero
 */
export function encoderOf(layout: Layout, write: Writer, partial: boolean): Encode {
  if (isScalar(layout)) return scalarEncoder(write, layout.size);
  return scratchEncoder(write, layout.size, partial || !isDense(layout));
}

/** A scalar is checked, then stored at once: there is nothing to encode aside for. */
function scalarEncoder(write: Writer, size: number): Encode {
  return (value, into = new Uint8Array(size), offset = 0) => {
    const { memory, start } = locationOf(into);
    write(memory, start + offset, value, []);
    return into;
  };
}

/** Encodes aside and copies when all of it is right. */
function scratchEncoder(write: Writer, size: number, hasGaps: boolean): Encode {
  let idle: Target | undefined;
  return (value, into, offset) => {
    // Getters of the value could call this encoder again: whoever finds the scratch taken makes another.
    const scratch = idle ?? makeTarget(size);
    idle = undefined;
    try {
      if (hasGaps) scratch.bytes.fill(0);
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
