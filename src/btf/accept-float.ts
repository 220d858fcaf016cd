import type { Accept } from './accept-integer.js';
import { describeValue } from './describe.js';
import type { Place } from './place.js';
import { outOfRange, wrongType } from './value-error.js';

/**
 * Accepts any number; for a float, none so large that it would become infinite.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptFloat(typeName: string, size: number, place: Place): Accept<number> {
  return (value, indices) => {
    if (typeof value !== 'number') {
      throw wrongType(place.text(indices), `expected a number, got ${describeValue(value)}`);
    }
    if (size === 4 && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw outOfRange(place.text(indices), `${value} does not fit in ${typeName}`);
    }
    return value;
  };
}
