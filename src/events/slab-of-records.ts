import { type Codec, describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';

const HEADER = 8;
const NATIVE_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Encoded records in a slab, as native/core/records.h lays them out. */
export interface Encoded {
  slab: Uint8Array;
  count: number;
}

/**
 * Makes what encodes records into a slab: the first of those given, no more than `bytes` can hold.
 *
 * @throws BpfError (what it makes) `ERR_BPF_VALUE_TYPE` or `ERR_BPF_VALUE_RANGE` for a value that is not of its type
 */
export function slabOfRecords<Value>(
  map: string,
  codec: Codec<Value>,
  bytes: number,
): (values: readonly Value[]) => Encoded {
  if (codec.size === 0) return (values) => slabOfBytes(map, values, bytes);
  const takes = HEADER + roundUp(codec.size);
  return (values) => {
    // One that can never fit is sent all the same, for the kernel's answer.
    const count = Math.min(values.length, Math.max(1, Math.floor(bytes / takes)));
    const slab = new Uint8Array(count * takes);
    const view = new DataView(slab.buffer);
    for (let i = 0; i < count; i++) {
      view.setUint32(i * takes, codec.size, NATIVE_LITTLE_ENDIAN);
      codec.encode(values[i] as Value, slab, i * takes + HEADER);
    }
    return { slab, count };
  };
}

function slabOfBytes(map: string, values: readonly unknown[], bytes: number): Encoded {
  const taken: Uint8Array[] = [];
  let size = 0;
  for (const value of values) {
    if (!(value instanceof Uint8Array)) throw noBytes(map, value);
    size += HEADER + roundUp(value.length);
    if (size > bytes && taken.length > 0) break;
    taken.push(value);
  }
  const slab = new Uint8Array(taken.reduce((sum, { length }) => sum + HEADER + roundUp(length), 0));
  const view = new DataView(slab.buffer);
  let at = 0;
  for (const value of taken) {
    view.setUint32(at, value.length, NATIVE_LITTLE_ENDIAN);
    slab.set(value, at + HEADER);
    at += HEADER + roundUp(value.length);
  }
  return { slab, count: taken.length };
}

function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8;
}

function noBytes(map: string, value: unknown): BpfError {
  return new BpfError(`${map} value: a Uint8Array is wanted, not ${describeValue(value)}`, {
    code: 'ERR_BPF_VALUE_TYPE',
    reason: 'input',
    map,
    hint: 'declare a type for the records with __type(value, ...), or name one with the option type',
  });
}
