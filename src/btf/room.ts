import { describeValue } from './describe.js';
import type { Layout } from './layout.js';
import { outOfRange, wrongType } from './value-error.js';

/** Whether bytes hold a value of a size, in bytes, at an offset. */
export function fits(bytes: Uint8Array, offset: number, size: number): boolean {
  return (
    bytes instanceof Uint8Array &&
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    offset + size <= bytes.length
  );
}

/** The error for bytes that do not: `ERR_BPF_VALUE_TYPE` when they are none, else `ERR_BPF_VALUE_RANGE`. */
export function noRoom(bytes: unknown, offset: unknown, size: number, label: string): Error {
  if (!(bytes instanceof Uint8Array)) {
    return wrongType(label, `expected a Uint8Array, got ${describeValue(bytes)}`);
  }
  return outOfRange(label, `takes ${size} bytes at offset ${describeValue(offset)}, ${bytes.length} given`);
}

/** What error messages call a value: the name of its struct, or `value`. */
export function defaultLabel(layout: Layout, typeName: string): string {
  const isRecord = layout.kind === 'struct' || layout.kind === 'union';
  const name = typeName.replace(/^(struct|union) /, '');
  return isRecord && name !== '(anon)' ? name : 'value';
}
