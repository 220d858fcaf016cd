import { Buffer } from 'node:buffer';
import type { Accept } from './accept-integer.js';
import { describeValue } from './describe.js';
import type { BytesLayout } from './layout.js';
import type { Place } from './place.js';
import { outOfRange, wrongType } from './value-error.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Accepts text that fits a char array with a NUL after it, and gives its UTF-8.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`; `ERR_BPF_VALUE_RANGE` when too long, or when it would not be read back the
 * same: with a NUL inside or half a surrogate pair
 */
export function acceptText(typeName: string, size: number, place: Place): Accept<Uint8Array> {
  return (value, indices) => {
    if (typeof value !== 'string') {
      throw wrongType(place.text(indices), `expected a string, got ${describeValue(value)}`);
    }
    const length = Buffer.byteLength(value, 'utf8');
    // A char array without room for anything still holds the empty text.
    if (length >= Math.max(size, 1)) {
      throw outOfRange(
        place.text(indices),
        `${describeValue(value)} takes ${length} bytes and a NUL, which do not fit in ${typeName}`,
      );
    }
    if (value.includes('\0') || LONE_SURROGATE.test(value)) {
      throw outOfRange(place.text(indices), `${describeValue(value)} holds a NUL or half a surrogate pair`);
    }
    return Buffer.from(value, 'utf8');
  };
}

/**
 * Accepts exactly as many bytes as the array has: a Uint8Array, or an array of numbers from 0 to 255, for signed
 * bytes from -128 to 255.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptBytes({ typeName, size, signed }: BytesLayout, place: Place): Accept<Uint8Array> {
  const least = signed ? -128 : 0;
  return (value, indices) => {
    if (!(value instanceof Uint8Array) && !Array.isArray(value)) {
      throw wrongType(place.text(indices), `expected a Uint8Array or an array, got ${describeValue(value)}`);
    }
    if (value.length !== size) {
      throw outOfRange(place.text(indices), `${value.length} bytes given, ${typeName} takes ${size}`);
    }
    return value instanceof Uint8Array ? value : bytesOf(value, least, place, indices);
  };
}

function bytesOf(
  values: readonly unknown[],
  least: number,
  place: Place,
  indices: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = values[i];
    if (typeof value !== 'number') {
      throw wrongType(`${place.text(indices)}[${i}]`, `expected a number, got ${describeValue(value)}`);
    }
    if (!Number.isInteger(value) || value < least || value > 255) {
      throw outOfRange(`${place.text(indices)}[${i}]`, `${value} does not fit in a byte (${least} to 255)`);
    }
    bytes[i] = value;
  }
  return bytes;
}
