import { native } from '../../native.js';
import { indexCodec, littleEndian } from '../plain-codec.js';
import type { AnyMap } from './any-map.js';

// An element of a map of kernel objects: a __u32 index, padded to 8 bytes, and an id.
const ID_OFFSET = 8;

/** An element with this index. */
export function indexBytes(map: AnyMap, index: number): Uint8Array<ArrayBuffer> {
  return indexCodec(`${map.name} index`).encode(
    index,
    new Uint8Array(ID_OFFSET + 4),
  ) as Uint8Array<ArrayBuffer>;
}

/** The id of the kernel object in a slot. */
export function idAt(map: AnyMap, index: number): number | undefined {
  const element = indexBytes(map, index);
  return native().mapElements(map.handle).lookup(element) ? idIn(element, ID_OFFSET) : undefined;
}

/** Those of all slots that are not empty. */
export function idsByIndex(map: AnyMap): Map<number, number> {
  const elements = native().mapReadAll(map.handle);
  const count = elements.length / 8;
  const ids = new Map<number, number>();
  for (let i = 0; i < count; i++) ids.set(idIn(elements, i * 4), idIn(elements, (count + i) * 4));
  return ids;
}

export function idIn(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, littleEndian);
}
