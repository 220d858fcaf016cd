/** A value as plain JavaScript passes it, where no compiler looks. */
export function untyped<T>(value: unknown): T {
  return value as T;
}

/** One of every kind of value, `undefined` left out, since it stands for a default. */
export const everyKind: readonly (readonly [name: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['a number', 5],
  ['a negative number', -1],
  ['NaN', Number.NaN],
  ['a bigint', 5n],
  ['a string', 'text'],
  ['a symbol', Symbol('symbol')],
  ['a function', () => 5],
  ['an object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an array', [1, 2]],
  ['a date', new Date(0)],
  ['bytes of a wrong length', new Uint8Array(3)],
];

/** Every kind but those named. */
export function everyKindBut(...names: string[]): [name: string, value: unknown][] {
  return everyKind.filter(([name]) => !names.includes(name)).map(([name, value]) => [name, value]);
}
