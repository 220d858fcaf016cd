import { malformed } from './btf-error.js';
import type { BitfieldLayout } from './layout.js';

/** Which bits of its struct a bitfield is. */
export interface BitRange {
  /** Counted from the start of the struct: from the low bit of each byte in little endian, the high bit in big. */
  readonly firstBit: number;
  readonly bits: number;
}

const WIDEST = 64;

/**
 * The layout of a bitfield, and the offset in its struct of the first byte it touches.
 *
 * @param holds - the layout of the type that the bits hold
 * @param where - names the member, for errors
 * @throws BpfError `ERR_BPF_BTF` when it is wider than 64 bits or than its type
 */
export function bitfieldLayout(
  holds: BitfieldLayout['holds'],
  range: BitRange,
  littleEndian: boolean,
  where: () => string,
): { offset: number; layout: BitfieldLayout } {
  const { firstBit, bits } = range;
  if (bits < 1 || bits > Math.min(WIDEST, holds.size * 8)) {
    throw malformed(`${where()} is a bitfield of ${bits} bits of ${holds.typeName}`);
  }
  const offset = Math.floor(firstBit / 8);
  const size = Math.ceil((firstBit + bits) / 8) - offset;
  const bitsBefore = firstBit - offset * 8;
  const bitsBelow = littleEndian ? bitsBefore : size * 8 - bitsBefore - bits;
  return { offset, layout: { kind: 'bitfield', typeName: holds.typeName, size, bits, bitsBelow, holds } };
}
