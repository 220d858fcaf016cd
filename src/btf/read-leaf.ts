import type { DecodeRules, Reader } from './decode-rules.js';
import { enumNames } from './enum-names.js';
import type { BitfieldLayout, EnumLayout, LeafLayout } from './layout.js';
import { bitsReader, readBigBits } from './read-bits.js';
import { integerReader, readBig, shownLong } from './read-integer.js';
import { textReader } from './read-text.js';

/** The reader of a layout without parts: the meaning of decoding, for both back ends. */
export function leafReader(layout: LeafLayout, rules: DecodeRules): Reader {
  const little = rules.littleEndian;
  const { size } = layout;
  switch (layout.kind) {
    case 'int':
      return integerReader(size, layout.signed, rules);
    case 'bool':
      return boolReader(size);
    case 'float':
      return size === 4
        ? (view, _, at) => view.getFloat32(at, little)
        : (view, _, at) => view.getFloat64(at, little);
    case 'pointer':
      return (view, _, at) => readBig(view, at, size, false, little);
    case 'enum':
      return enumReader(layout, rules);
    case 'bitfield':
      return bitfieldReader(layout, rules);
    case 'string':
      return textReader(size);
    case 'bytes':
      return (_, bytes, at) => new Uint8Array(bytes.subarray(at, at + size));
  }
}

function boolReader(size: number): Reader {
  return (_, bytes, at) => {
    for (let i = at; i < at + size; i++) {
      if (bytes[i] !== 0) {
        return true;
      }
    }
    return false;
  };
}

function enumReader(layout: EnumLayout, rules: DecodeRules): Reader {
  const { nameOf } = enumNames(layout);
  const { size, signed } = layout;
  if (size <= 4) {
    const read = integerReader(size, signed, rules) as (...at: Parameters<Reader>) => number;
    return (view, bytes, at) => {
      const value = read(view, bytes, at);
      return nameOf.get(value) ?? value;
    };
  }
  return (view, _, at) => {
    const value = readBig(view, at, size, signed, rules.littleEndian);
    return nameOf.get(value) ?? shownLong(value, rules.u64);
  };
}

function bitfieldReader(layout: BitfieldLayout, rules: DecodeRules): Reader {
  const { holds, bits } = layout;
  if (holds.kind === 'int') {
    return bitsReader(layout, holds.signed, rules);
  }
  if (holds.kind === 'bool') {
    const read = bitsReader(layout, false, { ...rules, u64: 'number' });
    return (view, bytes, at) => read(view, bytes, at) !== 0;
  }
  const { nameOf } = enumNames(holds);
  return (_, bytes, at) => {
    const value = readBigBits(bytes, at, layout, holds.signed, rules.littleEndian);
    const shown = bits <= 32 ? Number(value) : shownLong(value, rules.u64);
    return nameOf.get(holds.size <= 4 ? Number(value) : value) ?? shown;
  };
}
