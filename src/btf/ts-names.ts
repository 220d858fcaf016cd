/** Names that a declaration would hide from the rest of a TypeScript file. */
const BUILT_IN: ReadonlySet<string> = new Set([
  ...[
    'Array',
    'ArrayBuffer',
    'BigInt',
    'Boolean',
    'DataView',
    'Date',
    'Error',
    'Function',
    'Infinity',
    'Intl',
  ],
  ...[
    'Iterator',
    'JSON',
    'Map',
    'Math',
    'NaN',
    'Number',
    'Object',
    'Partial',
    'Promise',
    'Proxy',
    'Readonly',
  ],
  ...['Record', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'Uint8Array', 'Input', 'Union'],
]);

/** Gives out names for the types of one TypeScript file, each once. */
export class TsNames {
  readonly #taken = new Set<string>(BUILT_IN);

  /**
   * A name as near to `wanted` as possible: followed by `kind` when it is taken, then by a number.
   *
   * @param wanted - what C calls it, such as `mmap_event` or `.bss`; becomes `MmapEvent`, `Bss`
   * @param kind - such as `Struct`
   */
  claim(wanted: string, kind: string): string {
    const plain = pascalCase(wanted);
    const name =
      [plain, plain + kind].find((candidate) => !this.#taken.has(candidate)) ?? this.#numbered(plain);
    this.#taken.add(name);
    return name;
  }

  #numbered(plain: string): string {
    let number = 2;
    while (this.#taken.has(plain + number)) number++;
    return plain + number;
  }
}

function pascalCase(name: string): string {
  const words = name.split(/[^\p{ID_Continue}]+|_+/u).filter((word) => word !== '');
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^\p{ID_Start}/u.test(joined) ? joined : `Type${joined}`;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A C name as a property of an interface. */
export function propertyName(name: string): string {
  return IDENTIFIER.test(name) ? name : quoted(name);
}

/** A string literal. */
export function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}

/** A line of comment, which the text cannot end. */
export function comment(text: string): string {
  return `/** ${text.replaceAll(/[\r\n\u2028\u2029]/g, ' ').replaceAll('*/', '* /')} */`;
}
