import type { DecodeRules, Reader } from './decode-rules.js';
import type { BitfieldLayout } from './layout.js';
import { shownLong } from './read-integer.js';

/** A reader of a bitfield as an integer: a number up to 32 bits, else what the 64-bit rule says. */
export function bitsReader(layout: BitfieldLayout, signed: boolean, rules: DecodeRules): Reader {
  if (isNarrow(layout)) {
    const { size, bits, bitsBelow } = layout;
    const up = 32 - bits - bitsBelow;
    const down = 32 - bits;
    const little = rules.littleEndian;
    return signed
      ? (_, bytes, at) => (gather(bytes, at, size, little) << up) >> down
      : (_, bytes, at) => (gather(bytes, at, size, little) << up) >>> down;
  }
  if (layout.bits <= 32) {
    return (_, bytes, at) => Number(readBigBits(bytes, at, layout, signed, rules.littleEndian));
  }
  return (_, bytes, at) => shownLong(readBigBits(bytes, at, layout, signed, rules.littleEndian), rules.u64);
}

/** Whether all the bytes a bitfield touches fit a 32-bit word. */
export function isNarrow(layout: BitfieldLayout): boolean {
  return layout.size <= 4;
}

/** A bitfield of any width, exactly. */
export function readBigBits(
  bytes: Uint8Array,
  at: number,
  layout: BitfieldLayout,
  signed: boolean,
  littleEndian: boolean,
): bigint {
  const { size, bits, bitsBelow } = layout;
  let word = 0n;
  for (let i = 0; i < size; i++) {
    word = (word << 8n) | BigInt(bytes[littleEndian ? at + size - 1 - i : at + i] ?? 0);
  }
  const value = word >> BigInt(bitsBelow);
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function gather(bytes: Uint8Array, at: number, size: number, littleEndian: boolean): number {
  let word = 0;
  for (let i = 0; i < size; i++) {
    word = (word << 8) | (bytes[littleEndian ? at + size - 1 - i : at + i] ?? 0);
  }
  return word;
}
