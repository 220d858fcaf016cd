import { type Codec, describeValue, type Input } from '../../btf/index.js';
import { assertOptions, BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap, type MapDefinition } from './create-map.js';
import { makeMap } from './make-map.js';
import { differences, mismatch } from './map-mismatch.js';
import {
  type InnerMap,
  type MapOpenOptions,
  type MapSource,
  openMapById,
  openPinnedMap,
  sourceOf,
} from './map-source.js';
import { modeFlags, type SetMode } from './set-mode.js';
import { idIn } from './slots.js';

/** A map of maps to make with {@link MapOfMaps.create}. */
export interface MapOfMapsDefinition extends CreateOptions {
  type: 'array_of_maps' | 'hash_of_maps';
  /** Bytes of a key; 4 for an array. Default 4. */
  keySize?: number;
  /** A map like those it will hold. */
  inner: AnyMap;
}

/** What to make otherwise than declared in a map for a map of maps. */
export type InnerOptions = Partial<CreateOptions>;

// Maps that one opens by their ids can be replaced between the look at the id and the opening.
const ATTEMPTS = 16;

/**
 * An array or hash whose elements are maps: programs look up the inner map, then in it. Replacing an element is atomic,
 * so that a program sees the old map or the new one, whole. All its maps are of one definition.
 *
 * Linux 4.12; kernel/bpf/map_in_map.c.
 */
export class MapOfMaps<Key = unknown, Inner extends AnyMap = AnyMap> extends AnyMap {
  readonly #inner: InnerMap | undefined;
  #keys: Codec<Key> | undefined;

  /** @internal */
  constructor(source: MapSource) {
    super(source, 'MapOfMaps');
    this.#inner = source.inner;
  }

  /** Opens a map of maps that was pinned; see {@link BpfMap.open}. The kernel keeps no types of its keys. */
  static open<Key = unknown>(path: string, options?: MapOpenOptions): MapOfMaps<Key> {
    return new MapOfMaps<Key>(openPinnedMap(path, options));
  }

  /** Opens a map of maps by its id; see {@link BpfMap.openById}. */
  static openById<Key = unknown>(id: number, options?: MapOpenOptions): MapOfMaps<Key> {
    return new MapOfMaps<Key>(openMapById(id, options));
  }

  /** Makes a map of maps; see {@link BpfMap.create}. */
  static create<Inner extends AnyMap>(
    definition: MapOfMapsDefinition & { inner: Inner },
  ): MapOfMaps<unknown, Inner> {
    assertOptions(definition, 'MapOfMaps.create()');
    const { keySize = 4, inner, ...rest } = definition;
    if (!(inner instanceof AnyMap)) throw notAMap('inner', inner);
    return new MapOfMaps(createMap({ ...rest, keySize, valueSize: 4, inner: inner.handle }));
  }

  /** How keys are laid out. @internal */
  get keyCodec(): Codec<Key> {
    this.#keys ??= this.makeKeyCodec<Key>();
    return this.#keys;
  }

  /**
   * Sets the map of a key. It can be closed then: the map of maps holds it.
   *
   * @param mode - as {@link KeyedMap.set} has it
   * @throws BpfError `ERR_BPF_MAP_MISMATCH` with every difference when the object declares maps of another definition,
   *   `EINVAL` when only the kernel knows (Linux 6.1 also for a map made without types where the values are declared
   *   as structs: make it with {@link MapOfMaps.create}), `E2BIG` when it is full or has no such index, `ERR_BPF_CLOSED`
   */
  set(key: Input<Key>, map: Inner, mode: SetMode = 'any'): void {
    const flags = modeFlags(mode, this.name);
    if (!(map instanceof AnyMap)) throw notAMap(`an element of map "${this.name}"`, map);
    const bytes = this.keyCodec.encode(key as Key);
    try {
      native().mapSetMap(this.handle, bytes, map.handle, flags);
    } catch (cause) {
      throw cause instanceof BpfError && cause.code === 'EINVAL'
        ? this.#unfit(cause, map)
        : this.explained(cause);
    }
  }

  /** Takes the map of a key out. @returns whether there was one */
  delete(key: Input<Key>): boolean {
    const element = this.#element(key);
    try {
      return this.elements.delete(element);
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /** The id of the map of a key; undefined when there is none. */
  idOf(key: Input<Key>): number | undefined {
    const element = this.#element(key);
    try {
      return this.elements.lookup(element) ? idIn(element, this.#idOffset) : undefined;
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /**
   * Keys and the ids of their maps, of those that have one. Read whole when it begins; see {@link KeyedMap} for what a
   * walk gives while the map changes.
   */
  *ids(): IterableIterator<[Key, number]> {
    const { keySize } = this.info;
    const elements = native().mapReadAll(this.handle);
    const count = elements.length / (keySize + 4);
    for (let i = 0; i < count; i++) {
      yield [this.keyCodec.decode(elements, i * keySize), idIn(elements, count * keySize + i * 4)];
    }
  }

  /**
   * Opens the map of a key; close it when done. Needs CAP_SYS_ADMIN.
   *
   * @returns undefined when there is none
   * @throws BpfError `EPERM`, `ERR_BPF_CLOSED`
   */
  open(key: Input<Key>): Inner | undefined {
    for (let attempt = 1; ; attempt++) {
      const id = this.idOf(key);
      if (id === undefined) return undefined;
      try {
        return this.#make(native().mapOpenById(id, 0));
      } catch (cause) {
        if (!(cause instanceof BpfError) || cause.code !== 'ENOENT' || attempt === ATTEMPTS) {
          throw this.explained(cause);
        }
      }
    }
  }

  /**
   * Makes a map as the object declares those in here, with its types; it is in no slot yet.
   *
   * @param options - what is to be otherwise: an array must have the declared `maxEntries`
   * @throws BpfError `ERR_BPF_STATE` when this map was opened from a pin or by its id, which do not tell
   */
  create(options: InnerOptions = {}): Inner {
    assertOptions(options, 'create()');
    if (!this.#inner) {
      throw new BpfError(`map "${this.name}" does not tell what its maps are like`, {
        code: 'ERR_BPF_STATE',
        reason: 'input',
        map: this.name,
        hint: 'only a map of a loaded object does: make one with create() of its class',
      });
    }
    return this.#make(createInner(this.#inner, options).handle);
  }

  get #idOffset(): number {
    return Math.ceil(this.info.keySize / 8) * 8;
  }

  #element(key: Input<Key>): Uint8Array {
    return this.keyCodec.encode(key as Key, new Uint8Array(this.#idOffset + 4));
  }

  #make(handle: MapSource['handle']): Inner {
    const source = sourceOf(handle);
    const types = this.#inner?.types;
    return makeMap(types ? { ...source, types } : source) as Inner;
  }

  #unfit(cause: BpfError, map: AnyMap): BpfError {
    const spec = this.#inner?.spec;
    const found = native().mapInfo(map.handle);
    // Only arrays must be of one size (kernel/bpf/arraymap.c array_map_meta_equal).
    const sized = spec?.type.includes('array') ? spec : spec && { ...spec, maxEntries: found.maxEntries };
    const list = sized ? differences(sized, found) : [];
    const what = `map "${map.name}" does not fit into map "${this.name}"`;
    if (list.length > 0) return mismatch(what, list, { map: this.name, cause });
    return rephrase(cause, `${what}: ${cause.message}`, {
      reason: 'input',
      map: this.name,
      hint: 'all maps in it must have the type, sizes and flags of the one it was made with',
    });
  }
}

// With its types: Linux 6.1 takes a map without for another kind (kernel/bpf/map_in_map.c bpf_map_meta_equal compares
// timer_off, which is one error without BTF and another without a timer in it).
function createInner({ spec, object }: InnerMap, options: InnerOptions): MapSource {
  const { type, keySize, valueSize, maxEntries } = spec;
  const definition: MapDefinition = { type, keySize, valueSize, maxEntries, ...options };
  return createMap(definition, { ...spec, object });
}

function notAMap(what: string, given: unknown): BpfError {
  return new BpfError(`${what} must be a map, not ${describeValue(given)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}
