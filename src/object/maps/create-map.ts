import { assertOptions } from '../../errors.js';
import { type MapHandle, native, type ObjectHandle } from '../../native.js';
import { flagBits, type MapFlag } from './map-flags.js';
import { type MapSource, sourceOf } from './map-source.js';

/** What all maps made from here have in common. */
export interface CreateOptions {
  /** For `bpftool map`: up to 15 letters, digits, `_` and `.`. Default none. */
  name?: string;
  /** How many elements it holds at most. */
  maxEntries: number;
  flags?: readonly (MapFlag | `0x${string}`)[];
  /** The NUMA node its memory is on. Default any. */
  numaNode?: number;
}

/** A map to make. */
export interface MapDefinition extends CreateOptions {
  type: string;
  keySize?: number;
  valueSize?: number;
  extra?: number;
  inner?: MapHandle;
}

/** What is told of a map by an object that declares it. */
export interface Declared {
  flags: number;
  keyTypeId: number;
  valueTypeId: number;
  object: ObjectHandle;
}

/**
 * Makes a map; the checks of its numbers are the addon's and the kernel's.
 *
 * @param declared - gives it its types, and its flags unless the definition names some
 */
export function createMap(definition: MapDefinition, declared?: Declared): MapSource {
  assertOptions(definition, 'a new map');
  const { type, name = '', keySize = 0, valueSize = 0, maxEntries, flags, extra = 0 } = definition;
  const { numaNode, inner = null } = definition;
  const handle = native().mapCreate(
    {
      type,
      name,
      keySize,
      valueSize,
      maxEntries,
      flags: flags === undefined ? (declared?.flags ?? 0) : flagBits(flags, `a new map of type ${type}`),
      keyTypeId: declared?.keyTypeId ?? 0,
      valueTypeId: declared?.valueTypeId ?? 0,
      extra,
      ...(numaNode === undefined ? {} : { numaNode }),
    },
    inner,
    declared?.object ?? null,
  );
  return sourceOf(handle);
}
