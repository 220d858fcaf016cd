import type { Accept } from './accept-integer.js';
import { describeValue } from './describe.js';
import type { ArrayLayout } from './layout.js';
import type { Place } from './place.js';
import { outOfRange, wrongType } from './value-error.js';

/**
 * Accepts an array with exactly as many elements as the C array.
 *
 * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`
 */
export function acceptArray(layout: ArrayLayout, place: Place): Accept<readonly unknown[]> {
  return (value, indices) => {
    if (!Array.isArray(value)) {
      throw wrongType(place.text(indices), `expected an array, got ${describeValue(value)}`);
    }
    if (value.length !== layout.count) {
      throw outOfRange(
        place.text(indices),
        `${value.length} elements given, ${layout.typeName} takes ${layout.count}`,
      );
    }
    return value;
  };
}
