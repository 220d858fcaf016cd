import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import { type MapHandle, type NativeMapSpec, native, type ObjectHandle } from '../native.js';
import { isDataSection } from './globals.js';
import {
  AnyMap,
  type Comparable,
  createMap,
  differences,
  familyOf,
  flagBits,
  flagNames,
  type MapFlag,
  mismatch,
  USES,
} from './maps/index.js';
import type { Property } from './named.js';

/** A map before load. */
export interface OpenMap {
  readonly name: string;
  /**
   * libbpf's name of the map type, such as `hash` or `ringbuf`. Assign to change it, to one that has the same class
   * when the object is loaded: `hash` to `lru_hash`.
   */
  type: string;
  /** Bytes of a key. Assign to change; keys are bytes then, since the declared type no longer fits. */
  keySize: number;
  /** Bytes of a value; see {@link OpenMap.keySize}. */
  valueSize: number;
  /** Assign to change; for a ring buffer, its size in bytes: a power of two and a multiple of the page size. */
  maxEntries: number;
  /** The flags it is made with. Assign to change. */
  flags: readonly (MapFlag | `0x${string}`)[];
  /** The NUMA node its memory is on; undefined for any. Assign to choose one. */
  numaNode: number | undefined;
  /** Whether load() makes it; programs that use it are refused by the kernel then. Assign to change. */
  autocreate: boolean;
  /** Where load() pins it, or finds it pinned and uses that one; undefined for nowhere. Assign to change. */
  pinPath: string | undefined;
  /**
   * Takes a map that is there already instead of making one.
   *
   * @param map - a map, or the path of its pin; it can be closed then
   * @throws BpfError `ERR_BPF_MAP_MISMATCH` with every difference in type, sizes, `max_entries` and flags when it does
   *   not fit what is declared here; `ENOENT` and its like for a path; `ERR_BPF_STATE`, `ERR_BPF_CLOSED`
   */
  reuse(map: AnyMap | string): void;
}

/** What the maps in a map of maps are like. */
export interface InnerMapDefinition {
  type: string;
  /** Bytes of a key. */
  keySize: number;
  /** Bytes of a value. */
  valueSize: number;
  maxEntries: number;
  flags?: readonly (MapFlag | `0x${string}`)[];
}

/** A map of maps before load. */
export interface OpenMapOfMaps extends OpenMap {
  /**
   * What its maps are like; undefined when the object does not say, which must be made up for here. Assign a
   * definition, or a map like them, to change.
   */
  get inner(): InnerMapDefinition | undefined;
  /** Changes what its maps are like. */
  set inner(like: InnerMapDefinition | AnyMap);
}

/** The maps of an object before load; `assertOpen` throws when they can no longer be edited. */
export function openMapsOf(
  object: ObjectHandle,
  specs: readonly NativeMapSpec[],
  assertOpen: () => void,
): Map<string, Property<OpenMap>> {
  const maps = new Map<string, Property<OpenMap>>();
  for (const spec of specs) {
    const map = new MapToMake(object, spec, assertOpen);
    maps.set(spec.name, { get: () => map });
  }
  return maps;
}

/**
 * Compares the maps that load() will find pinned with what is declared: libbpf does so too, and says only that they do
 * not fit.
 */
export function assertPinsFit(maps: readonly NativeMapSpec[]): void {
  for (const spec of maps) {
    if (!spec.pinPath || !spec.autocreate) continue;
    using pinned = pinnedMap(spec.pinPath);
    if (pinned) assertFits(spec, pinned.info, `the map pinned to ${spec.pinPath}`, spec.pinPath);
  }
}

class MapToMake implements OpenMapOfMaps {
  readonly name: string;
  readonly #object: ObjectHandle;
  readonly #assertOpen: () => void;
  #spec: NativeMapSpec;
  #inner: InnerMapDefinition | undefined;
  #numaNode: number | undefined;

  constructor(object: ObjectHandle, spec: NativeMapSpec, assertOpen: () => void) {
    this.name = spec.name;
    this.#object = object;
    this.#spec = spec;
    this.#assertOpen = assertOpen;
    this.#inner = spec.inner && definitionOf(spec.inner);
  }

  get type(): string {
    return this.#spec.type;
  }

  set type(type) {
    if (familyOf(type) !== familyOf(this.type)) {
      throw this.#refused(`cannot become ${describeValue(type)}`, USES[familyOf(this.type)]);
    }
    this.#edit(() => native().objectSetMapType(this.#object, this.name, type));
  }

  get keySize(): number {
    return this.#spec.keySize;
  }

  set keySize(size) {
    this.#edit(() => native().objectSetKeySize(this.#object, this.name, size));
  }

  get valueSize(): number {
    return this.#spec.valueSize;
  }

  set valueSize(size) {
    if (isDataSection(this.#spec))
      throw this.#refused('is a data section, whose size is that of its variables');
    this.#edit(() => native().objectSetValueSize(this.#object, this.name, size));
  }

  get maxEntries(): number {
    return this.#spec.maxEntries;
  }

  set maxEntries(entries) {
    this.#edit(() => native().objectSetMaxEntries(this.#object, this.name, entries));
  }

  get flags(): readonly (MapFlag | `0x${string}`)[] {
    return flagNames(this.#spec.flags);
  }

  set flags(flags) {
    const bits = flagBits(flags, `map "${this.name}"`);
    this.#edit(() => native().objectSetMapFlags(this.#object, this.name, bits));
  }

  get numaNode(): number | undefined {
    return this.#numaNode ?? (this.#spec.numaNode || undefined);
  }

  set numaNode(node) {
    if (node === undefined) throw this.#refused('takes the number of a node');
    this.#edit(() => native().objectSetNumaNode(this.#object, this.name, node));
    this.#numaNode = node;
  }

  get autocreate(): boolean {
    return this.#spec.autocreate;
  }

  set autocreate(autocreate) {
    this.#edit(() => native().objectSetAutocreate(this.#object, this.name, autocreate));
  }

  get pinPath(): string | undefined {
    return this.#spec.pinPath || undefined;
  }

  set pinPath(path) {
    this.#edit(() => native().objectSetPinPath(this.#object, this.name, path ?? ''));
  }

  get inner(): InnerMapDefinition | undefined {
    return this.#inner;
  }

  set inner(like: InnerMapDefinition | AnyMap) {
    if (familyOf(this.type) !== 'MapOfMaps') throw this.#refused('holds no maps', USES[familyOf(this.type)]);
    if (like instanceof AnyMap) {
      this.#setInner(like.handle);
      return;
    }
    assertOptions(like, `the maps in map "${this.name}"`);
    const { type, keySize, valueSize, maxEntries, flags = [] } = like;
    const { handle } = createMap({ type, keySize, valueSize, maxEntries, flags });
    try {
      this.#setInner(handle);
    } finally {
      native().mapClose(handle);
    }
  }

  reuse(map: AnyMap | string): void {
    this.#assertOpen();
    if (map instanceof AnyMap) {
      this.#reuse(map.handle, `map "${map.name}"`);
      return;
    }
    const handle = native().mapOpenPinned(map, 0);
    try {
      this.#reuse(handle, `the map pinned to ${map}`, map);
    } finally {
      native().mapClose(handle);
    }
  }

  #reuse(handle: MapHandle, what: string, path?: string): void {
    assertFits(this.#spec, native().mapInfo(handle), what, path);
    this.#edit(() => native().objectReuseMap(this.#object, this.name, handle));
  }

  #setInner(like: MapHandle): void {
    const info = native().mapInfo(like);
    this.#edit(() => native().objectSetInnerMap(this.#object, this.name, like));
    this.#inner = definitionOf(info);
  }

  /** libbpf may round what it is given: what is told afterwards is what it has made of it. */
  #edit(edit: () => void): void {
    this.#assertOpen();
    edit();
    this.#spec = specOf(this.#object, this.name) ?? this.#spec;
  }

  #refused(what: string, hint?: string): BpfError {
    return new BpfError(`map "${this.name}" of type ${this.type} ${what}`, {
      code: hint ? 'ERR_BPF_WRONG_KIND' : 'ERR_BPF_ARGUMENT',
      reason: 'input',
      map: this.name,
      hint,
    });
  }
}

function definitionOf({ type, keySize, valueSize, maxEntries, flags }: Comparable): InnerMapDefinition {
  return { type, keySize, valueSize, maxEntries, flags: flagNames(flags) };
}

function specOf(object: ObjectHandle, map: string): NativeMapSpec | undefined {
  return native()
    .objectMaps(object)
    .find(({ name }) => name === map);
}

function assertFits(spec: NativeMapSpec, found: Comparable, what: string, path?: string): void {
  // libbpf makes a perf event array without a size one for every possible CPU.
  const sized = spec.type === 'perf_event_array' && spec.maxEntries === 0;
  const declared = sized ? { ...spec, maxEntries: found.maxEntries } : spec;
  const list = differences(declared, found);
  if (list.length === 0) return;
  throw mismatch(`${what} does not fit map "${spec.name}"`, list, {
    map: spec.name,
    path,
    hint: 'change what is declared before load, or remove the old map',
  });
}

interface PinnedMap extends Disposable {
  info: Comparable;
}

/** Undefined when nothing is pinned there, or nothing that one may open: load() says what it makes of that. */
function pinnedMap(path: string): PinnedMap | undefined {
  try {
    const handle = native().mapOpenPinned(path, 0);
    return { info: native().mapInfo(handle), [Symbol.dispose]: () => native().mapClose(handle) };
  } catch (error) {
    if (error instanceof BpfError && error.code !== 'ERR_BPF_WRONG_KIND') return undefined;
    throw error;
  }
}
