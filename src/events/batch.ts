import type { Codec } from '../btf/index.js';
import { BpfError } from '../errors.js';

/** Records that came out of a ring buffer together, decoded as they are asked for. */
export interface RingBatch<Event> extends Iterable<Event> {
  /** How many records there are. */
  readonly length: number;
}

const HEADER = 8;

/** The first `length` records of a slab, which native/core/ring.h lays out: u32 size, u32 reserved, record, padding. */
export function recordsOf<Event>(slab: Uint8Array, length: number, codec: Codec<Event>): RingBatch<Event> {
  const view = new DataView(slab.buffer, slab.byteOffset, slab.byteLength);
  return {
    length,
    *[Symbol.iterator]() {
      let offset = 0;
      for (let i = 0; i < length; i++) {
        const size = view.getUint32(offset, NATIVE_LITTLE_ENDIAN);
        yield decode(slab, offset + HEADER, size, codec);
        offset += HEADER + ((size + 7) & ~7);
      }
    },
  };
}

const NATIVE_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function decode<Event>(slab: Uint8Array, offset: number, size: number, codec: Codec<Event>): Event {
  // A ring buffer without a declared type: its codec has size 0 and the records are whatever they are.
  if (codec.size === 0) return slab.slice(offset, offset + size) as Event;
  if (size < codec.size) {
    throw new BpfError(
      `a record of ${size} bytes is too short for ${codec.typeName}, which takes ${codec.size}`,
      {
        code: 'ERR_BPF_VALUE_RANGE',
        reason: 'input',
        hint: 'declare the type of the records with __type(value, ...) as the programs submit them',
      },
    );
  }
  return codec.decode(slab, offset);
}
