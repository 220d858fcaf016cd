import { type AnchorKey, FILTER_BITS } from './layout.js';

const FACTOR = 0x9e3779b97f4a7c15n;

/**
 * The bitmap by which the engine passes most directories without a look into a map: a bit for each anchor, by a mix of
 * its numbers. The mix is that of bpf/engine/walk.h.
 */
export function filterOf(keys: Iterable<AnchorKey>): Uint8Array {
  const filter = new Uint8Array(2 ** (FILTER_BITS - 3));
  for (const key of keys) {
    const bit = filterBit(key);
    filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return filter;
}

/** The index of the bit of an anchor. */
export function filterBit({ inode, device, operation }: AnchorKey): number {
  const mixed = (inode + (BigInt(device) << 38n) + (BigInt(operation) << 32n)) * FACTOR;
  return Number(BigInt.asUintN(64, mixed) >> BigInt(64 - FILTER_BITS));
}
