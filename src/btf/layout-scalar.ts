import { malformed } from './btf-error.js';
import type { BtfFloat, BtfInt, BtfType } from './btf-type.js';
import type { BoolLayout, BytesLayout, EnumLayout, FloatLayout, IntLayout } from './layout.js';

const INT_SIZES: readonly number[] = [1, 2, 4, 8, 16];
const ENUM_SIZES: readonly number[] = [1, 2, 4, 8];
const FLOAT_SIZES: readonly number[] = [4, 8];

/** Whether an integer type is C's boolean: some compilers say so in the encoding, some only in the name. */
export function isBool(type: BtfInt): boolean {
  return type.bool || type.name === '_Bool';
}

/**
 * The layout of an integer or `_Bool` that fills its storage.
 *
 * @throws BpfError `ERR_BPF_BTF` for a size the kernel would refuse
 */
export function intLayout(type: BtfInt, typeName: string, id: number): IntLayout | BoolLayout {
  const size = checkedSize(type.size, INT_SIZES, typeName, id);
  return isBool(type)
    ? { kind: 'bool', typeName, size }
    : { kind: 'int', typeName, size, signed: type.signed };
}

/**
 * The layout of an enum; each value is cut to the enum's size, as storing it there does.
 *
 * Compilers that know no BTF_KIND_ENUM64 (LLVM before 15) write an enum of 8 bytes with the low half of each of its
 * values. Then no name can be trusted, so there are none: it is an integer.
 *
 * @throws BpfError `ERR_BPF_BTF` for a size the kernel would refuse
 */
export function enumLayout(type: BtfType, typeName: string, id: number): EnumLayout {
  if (type.kind !== 'enum' && type.kind !== 'enum64') {
    throw malformed(`${typeName} (type [${id}]) is no enum`);
  }
  const size = checkedSize(type.size, ENUM_SIZES, typeName, id);
  const cut = type.signed ? BigInt.asIntN : BigInt.asUintN;
  const values = type.kind === 'enum' && size === 8 ? [] : type.values;
  const enumerators = values.map(({ name, value }) => ({ name, value: cut(size * 8, BigInt(value)) }));
  return { kind: 'enum', typeName, size, signed: type.signed, enumerators };
}

/** The layout of a float or double; other formats (`long double`, `_Float16`) are bytes, as JavaScript has none for them. */
export function floatLayout({ size }: BtfFloat, typeName: string): FloatLayout | BytesLayout {
  return FLOAT_SIZES.includes(size)
    ? { kind: 'float', typeName, size }
    : { kind: 'bytes', typeName, size, signed: false };
}

function checkedSize(size: number, sizes: readonly number[], typeName: string, id: number): number {
  if (!sizes.includes(size)) {
    throw malformed(`${typeName} (type [${id}]) has ${size} bytes, supported are ${sizes.join(', ')}`);
  }
  return size;
}
