const LONGEST_QUOTE = 40;
const MOST_NAMES = 8;

/**
 * A value in few words, for error messages: `70000`, `"a string"`, `an array of 3`, `null`.
 *
 * @param value - anything; never called or inspected beyond its type and length
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}...` : value);
    case 'bigint':
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object | null): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return `an array of ${value.length}`;
  }
  return value instanceof Uint8Array ? `${value.length} bytes` : 'an object';
}

/** The integers that some bits can hold. */
export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

/** The range of an integer of a width in bits. */
export function integerRange(bits: number, signed: boolean): IntegerRange {
  const span = 1n << BigInt(bits);
  return signed ? { min: -span / 2n, max: span / 2n - 1n } : { min: 0n, max: span - 1n };
}

/** A list of names, cut short when long: `a, b, c and 12 more`. */
export function describeNames(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, MOST_NAMES).join(', ');
  return all.length > MOST_NAMES ? `${shown} and ${all.length - MOST_NAMES} more` : shown || 'none';
}
