import { describeNames, describeValue, integerRange } from './describe.js';
import { enumNames } from './enum-names.js';
import type { BitfieldLayout, EnumLayout, IntegerLayout } from './layout.js';
import type { Place } from './place.js';
import { outOfRange, wrongType } from './value-error.js';

/** Checks a value and gives what is to be stored; `indices` tell which array elements the value lies in. */
export type Accept<T> = (value: unknown, indices: readonly number[]) => T;

/**
 * Accepts integers of a width: a bigint in range, or a number in range that is a safe integer.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptInteger(typeName: string, bits: number, signed: boolean, place: Place): Accept<bigint> {
  const { min, max } = integerRange(bits, signed);
  const misfit = (value: unknown, indices: readonly number[]) =>
    outOfRange(place.text(indices), `${describeValue(value)} does not fit in ${typeName} (${min} to ${max})`);
  return (value, indices) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw wrongType(place.text(indices), `expected a number or bigint, got ${describeValue(value)}`);
    }
    if (typeof value === 'number' && !Number.isInteger(value)) {
      throw misfit(value, indices);
    }
    const integer = BigInt(value);
    if (integer < min || integer > max) {
      throw misfit(value, indices);
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw outOfRange(
        place.text(indices),
        `${value} is not a safe integer and may be inexact: pass a bigint`,
      );
    }
    return integer;
  };
}

/**
 * Accepts the name of an enumerator, or any integer that the enum's size holds.
 *
 * @param layout - the enum
 * @param bits - the width it is stored in
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptEnum(layout: EnumLayout, typeName: string, bits: number, place: Place): Accept<bigint> {
  const { valueNamed } = enumNames(layout);
  const integer = acceptInteger(typeName, bits, layout.signed, place);
  return (value, indices) => {
    if (typeof value === 'number' || typeof value === 'bigint') {
      return integer(value, indices);
    }
    if (typeof value !== 'string') {
      throw wrongType(
        place.text(indices),
        `expected a name or integer of ${typeName}, got ${describeValue(value)}`,
      );
    }
    const named = valueNamed.get(value);
    if (named === undefined) {
      throw outOfRange(
        place.text(indices),
        `${describeValue(value)} is not in ${typeName} (${describeNames(valueNamed.keys())})`,
      );
    }
    return integer(named, indices);
  };
}

/**
 * Accepts true and false only.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`
 */
export function acceptBool(place: Place): Accept<bigint> {
  return (value, indices) => {
    if (typeof value !== 'boolean') {
      throw wrongType(place.text(indices), `expected true or false, got ${describeValue(value)}`);
    }
    return value ? 1n : 0n;
  };
}

/**
 * What a layout that is stored as an integer accepts.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptStoredInteger(layout: IntegerLayout, place: Place): Accept<bigint> {
  const { typeName, size } = layout;
  switch (layout.kind) {
    case 'int':
      return acceptInteger(typeName, size * 8, layout.signed, place);
    case 'pointer':
      return acceptInteger(typeName, size * 8, false, place);
    case 'bool':
      return acceptBool(place);
    case 'enum':
      return acceptEnum(layout, typeName, size * 8, place);
    case 'bitfield':
      return acceptBits(layout, place);
  }
}

function acceptBits(layout: BitfieldLayout, place: Place): Accept<bigint> {
  const { holds, bits } = layout;
  const typeName = `${layout.typeName}:${bits}`;
  switch (holds.kind) {
    case 'int':
      return acceptInteger(typeName, bits, holds.signed, place);
    case 'enum':
      return acceptEnum(holds, typeName, bits, place);
    case 'bool':
      return acceptBool(place);
  }
}
