import type { DecodeRules, Reader, U64 } from './decode-rules.js';

const TWO_TO_32 = 4294967296;

/** A reader of an integer of 1, 2, 4, 8 or 16 bytes. */
export function integerReader(size: number, signed: boolean, rules: DecodeRules): Reader {
  switch (size) {
    case 1:
      return signed ? (view, _, at) => view.getInt8(at) : (view, _, at) => view.getUint8(at);
    case 2:
    case 4:
      return shortReader(size, signed, rules.littleEndian);
    case 8:
      return longReader(signed, rules);
    default:
      return (view, _, at) => readBig(view, at, 16, signed, rules.littleEndian);
  }
}

function shortReader(size: 2 | 4, signed: boolean, little: boolean): Reader {
  if (size === 2) {
    return signed ? (view, _, at) => view.getInt16(at, little) : (view, _, at) => view.getUint16(at, little);
  }
  return signed ? (view, _, at) => view.getInt32(at, little) : (view, _, at) => view.getUint32(at, little);
}

function longReader(signed: boolean, { littleEndian, u64 }: DecodeRules): Reader {
  switch (u64) {
    case 'number':
      return (view, _, at) => readLongAsNumber(view, at, signed, littleEndian);
    case 'auto':
      return (view, _, at) => {
        const value = readLongAsNumber(view, at, signed, littleEndian);
        return Number.isSafeInteger(value) ? value : readBig(view, at, 8, signed, littleEndian);
      };
    default:
      return (view, _, at) => readBig(view, at, 8, signed, littleEndian);
  }
}

/** A 64-bit integer as the nearest number, without making a bigint on the way. */
export function readLongAsNumber(view: DataView, at: number, signed: boolean, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const highAt = little ? at + 4 : at;
  const high = signed ? view.getInt32(highAt, little) : view.getUint32(highAt, little);
  return high * TWO_TO_32 + low;
}

/** An integer of any size as a bigint. */
export function readBig(view: DataView, at: number, size: number, signed: boolean, little: boolean): bigint {
  switch (size) {
    case 1:
      return BigInt(signed ? view.getInt8(at) : view.getUint8(at));
    case 2:
      return BigInt(signed ? view.getInt16(at, little) : view.getUint16(at, little));
    case 4:
      return BigInt(signed ? view.getInt32(at, little) : view.getUint32(at, little));
    case 8:
      return signed ? view.getBigInt64(at, little) : view.getBigUint64(at, little);
    default: {
      const low = view.getBigUint64(little ? at : at + 8, little);
      const highAt = little ? at + 8 : at;
      const high = signed ? view.getBigInt64(highAt, little) : view.getBigUint64(highAt, little);
      return (high << 64n) | low;
    }
  }
}

/** A 64-bit integer already read exactly, as the rule wants it. */
export function shownLong(value: bigint, u64: U64): number | bigint {
  const number = Number(value);
  return u64 === 'number' || (u64 === 'auto' && Number.isSafeInteger(number)) ? number : value;
}
