import { BpfError } from '../errors.js';

/** Things by their names in the object, such as `object.programs.deny_open`. */
export interface Property<T> {
  get(): T;
  set?(value: T): void;
}

/**
 * An object whose properties are exactly `entries`: an unknown name is an error that lists the known ones,
 * not `undefined`. Entries that are added later can be read, and are not enumerated.
 *
 * @param owner - for messages, such as `object "guard"`
 * @param noun - what the entries are, such as `program`
 * @param missing - the error for a name that is known and has no entry
 */
export function namedTable<T>(
  owner: string,
  noun: string,
  entries: ReadonlyMap<string, Property<T>>,
  missing: (name: string) => BpfError | undefined = () => undefined,
): object {
  const table = Object.create(null) as Record<string, T>;
  for (const [name, property] of entries) {
    Object.defineProperty(table, name, { enumerable: true, configurable: true, ...property });
  }
  const unknown = (name: string) => missing(name) ?? unknownName(owner, noun, name, [...entries.keys()]);
  return new Proxy(table, {
    get(target, name, receiver) {
      if (typeof name === 'symbol' || name in target) return Reflect.get(target, name, receiver);
      const later = entries.get(name);
      if (later) return later.get();
      if (isProbe(name)) return undefined;
      throw unknown(name);
    },
    set(_target, name, value: T) {
      if (typeof name === 'symbol') return false;
      const property = entries.get(name);
      if (!property) throw unknown(name);
      if (!property.set) return false;
      property.set(value);
      return true;
    },
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}

/** The error for a name that `owner` does not have. */
export function unknownName(owner: string, noun: string, name: string, known: readonly string[]): BpfError {
  const list = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
  const field = noun === 'program' || noun === 'map' ? { [noun]: name } : {};
  return new BpfError(`${owner} has no ${noun} "${name}": ${list}`, {
    code: 'ERR_BPF_UNKNOWN_NAME',
    reason: 'input',
    ...field,
  });
}

// Promises, JSON, util.inspect and test runners ask every object for these.
const PROBES = new Set([
  'then',
  'toJSON',
  'toString',
  'valueOf',
  'constructor',
  'asymmetricMatch',
  'nodeType',
  'tagName',
]);

function isProbe(name: string): boolean {
  return PROBES.has(name) || name.startsWith('$$') || name.startsWith('@@');
}
