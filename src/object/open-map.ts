import { type NativeMapSpec, native, type ObjectHandle } from '../native.js';
import type { Property } from './named.js';

/** A map before load. */
export interface OpenMap {
  readonly name: string;
  /** libbpf's name of the map type, such as `hash` or `ringbuf`. */
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  /** Assign to change; for a ring buffer, its size in bytes: a power of two and a multiple of the page size. */
  maxEntries: number;
  /** Where load() pins it, or finds it pinned and uses that one; undefined for nowhere. Assign to change. */
  pinPath: string | undefined;
}

/** The maps of an object before load; `assertOpen` throws when they can no longer be edited. @internal */
export function openMapsOf(
  object: ObjectHandle,
  specs: readonly NativeMapSpec[],
  assertOpen: () => void,
): Map<string, Property<OpenMap>> {
  const maps = new Map<string, Property<OpenMap>>();
  for (const spec of specs) {
    const map = openMap(object, { ...spec }, assertOpen);
    maps.set(spec.name, { get: () => map });
  }
  return maps;
}

function openMap(object: ObjectHandle, spec: NativeMapSpec, assertOpen: () => void): OpenMap {
  const setMaxEntries = (value: number) => {
    assertOpen();
    native().objectSetMaxEntries(object, spec.name, value);
    // libbpf rounds the size of a ring buffer up to what the kernel takes.
    spec.maxEntries = specOf(object, spec.name)?.maxEntries ?? value;
  };
  const setPinPath = (value: string | undefined) => {
    assertOpen();
    native().objectSetPinPath(object, spec.name, value ?? '');
    spec.pinPath = value ?? '';
  };
  return {
    name: spec.name,
    type: spec.type,
    keySize: spec.keySize,
    valueSize: spec.valueSize,
    get maxEntries() {
      return spec.maxEntries;
    },
    set maxEntries(value) {
      setMaxEntries(value);
    },
    get pinPath() {
      return spec.pinPath || undefined;
    },
    set pinPath(value) {
      setPinPath(value);
    },
  };
}

function specOf(object: ObjectHandle, map: string): NativeMapSpec | undefined {
  return native()
    .objectMaps(object)
    .find(({ name }) => name === map);
}
