import type { EnumLayout } from './layout.js';

/** The enumerators of one enum both ways; where a value or name is given twice, the first counts. */
export interface EnumNames {
  readonly nameOf: ReadonlyMap<bigint | number, string>;
  readonly valueNamed: ReadonlyMap<string, bigint>;
}

const known = new WeakMap<EnumLayout['enumerators'], EnumNames>();

/** The enumerators of an enum; those of up to 32 bits are keyed by number, the others by bigint. */
export function enumNames(layout: EnumLayout): EnumNames {
  let names = known.get(layout.enumerators);
  if (!names) {
    names = index(layout);
    known.set(layout.enumerators, names);
  }
  return names;
}

function index(layout: EnumLayout): EnumNames {
  const nameOf = new Map<bigint | number, string>();
  const valueNamed = new Map<string, bigint>();
  for (const { name, value } of layout.enumerators) {
    const key = layout.size <= 4 ? Number(value) : value;
    if (!nameOf.has(key)) {
      nameOf.set(key, name);
    }
    if (!valueNamed.has(name)) {
      valueNamed.set(name, value);
    }
  }
  return { nameOf, valueNamed };
}
