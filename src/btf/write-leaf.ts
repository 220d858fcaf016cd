import { acceptBytes, acceptText } from './accept-bytes.js';
import { acceptFloat } from './accept-float.js';
import { acceptStoredInteger } from './accept-integer.js';
import type { EncodeRules, Target, Writer } from './encode-rules.js';
import type { BitfieldLayout, LeafLayout } from './layout.js';
import type { Place } from './place.js';

/** The writer of a layout without parts: the meaning of encoding, for both back ends. */
export function leafWriter(layout: LeafLayout, place: Place, rules: EncodeRules): Writer {
  const { typeName, size } = layout;
  const little = rules.littleEndian;
  switch (layout.kind) {
    case 'string': {
      const accept = acceptText(typeName, size, place);
      return ({ bytes }, at, value, indices) => bytes.set(accept(value, indices), at);
    }
    case 'bytes': {
      const accept = acceptBytes(layout, place);
      return ({ bytes }, at, value, indices) => bytes.set(accept(value, indices), at);
    }
    case 'float': {
      const accept = acceptFloat(typeName, size, place);
      return size === 4
        ? ({ view }, at, value, indices) => view.setFloat32(at, accept(value, indices), little)
        : ({ view }, at, value, indices) => view.setFloat64(at, accept(value, indices), little);
    }
    case 'bitfield': {
      const accept = acceptStoredInteger(layout, place);
      return (target, at, value, indices) => writeBits(target, at, layout, accept(value, indices), little);
    }
    default: {
      const accept = acceptStoredInteger(layout, place);
      return (target, at, value, indices) => writeInteger(target, at, size, accept(value, indices), little);
    }
  }
}

function writeInteger({ view }: Target, at: number, size: number, value: bigint, little: boolean): void {
  switch (size) {
    case 1:
      view.setUint8(at, Number(BigInt.asUintN(8, value)));
      break;
    case 2:
      view.setUint16(at, Number(BigInt.asUintN(16, value)), little);
      break;
    case 4:
      view.setUint32(at, Number(BigInt.asUintN(32, value)), little);
      break;
    case 8:
      view.setBigUint64(at, value, little);
      break;
    default:
      view.setBigUint64(little ? at : at + 8, value, little);
      view.setBigUint64(little ? at + 8 : at, value >> 64n, little);
  }
}

/** Adds bits to bytes that other bitfields share. */
function writeBits(target: Target, at: number, layout: BitfieldLayout, value: bigint, little: boolean): void {
  const { size, bits, bitsBelow } = layout;
  const word = BigInt.asUintN(bits, value) << BigInt(bitsBelow);
  for (let i = 0; i < size; i++) {
    const byte = Number((word >> BigInt(8 * i)) & 0xffn);
    const position = little ? at + i : at + size - 1 - i;
    target.bytes[position] = (target.bytes[position] ?? 0) | byte;
  }
}
