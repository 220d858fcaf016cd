import { type Codec, describeValue, type Input } from '../../btf/index.js';
import { BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { AnyMap } from './any-map.js';
import { giveElementBuffer, takeElementBuffer } from './element-buffer.js';
import { type BatchSource, type MapBatch, readBatches } from './map-batch.js';
import type { MapSource } from './map-source.js';
import type { MapFamily } from './map-types.js';
import { modeFlags, type SetMode } from './set-mode.js';

/**
 * A map with keys and values, which are what BTF says they are: what {@link BpfMap} and {@link BpfArray} have in
 * common.
 *
 * Structs come as objects, `char` arrays as strings, enums as names, 64-bit integers as bigint (see
 * {@link OpenOptions.u64}). A key or value without BTF is a Uint8Array of its exact size. The values of per-CPU maps are
 * arrays with one value for every possible CPU.
 *
 * **Walking a map that changes.** `keys`, `values`, `entries` and `batches` end, whatever others do to the map
 * meanwhile, give no key twice, and give every key that stays from the beginning of the walk to its end. Keys that come
 * or go meanwhile may or may not be among them. Values are those of the moment at which their batch was read. Hashes
 * are read bucket by bucket and arrays index by index (BPF_MAP_LOOKUP_BATCH, Linux 5.6; kernel/bpf/hashtab.c
 * __htab_map_lookup_and_delete_batch); a trie is read whole when the walk begins.
 */
export abstract class KeyedMap<Key = unknown, Value = unknown> extends AnyMap {
  readonly #valueOffset: number;
  readonly #elementSize: number;
  #keys: Codec<Key> | undefined;
  #values: Codec<Value> | undefined;

  /** @internal */
  protected constructor(source: MapSource, family: MapFamily) {
    super(source, family);
    const { keySize, valueBytes } = source.info;
    this.#valueOffset = Math.ceil(keySize / 8) * 8;
    this.#elementSize = this.#valueOffset + valueBytes;
  }

  /** How keys are laid out. @internal */
  get keyCodec(): Codec<Key> {
    this.#keys ??= this.makeKeyCodec<Key>();
    return this.#keys;
  }

  /** How values are laid out. @internal */
  get valueCodec(): Codec<Value> {
    this.#values ??= this.makeValueCodec<Value>();
    return this.#values;
  }

  /**
   * The value of a key; undefined when there is none. A trie gives the value of the longest prefix that matches.
   *
   * @throws BpfError `ERR_BPF_VALUE_TYPE` or `ERR_BPF_VALUE_RANGE` when the key is not of its type, `ENOTSUPP`
   *   for a map type without lookup, `EPERM` for a write-only handle, `ERR_BPF_CLOSED`
   */
  get(key: Input<Key>): Value | undefined {
    const element = takeElementBuffer(this.#elementSize);
    try {
      this.keyCodec.encode(key as Key, element);
      if (!this.elements.lookup(element)) return undefined;
      return this.valueCodec.decode(element, this.#valueOffset);
    } catch (cause) {
      throw this.explained(cause);
    } finally {
      giveElementBuffer(element);
    }
  }

  /** Whether {@link KeyedMap.get} would give a value. */
  has(key: Input<Key>): boolean {
    return this.withKey(key, (element) => this.elements.lookup(element));
  }

  /**
   * Sets the value of a key.
   *
   * @param mode - `any` (default), `noexist` (fails with `EEXIST` when the key is there) or `exist` (fails with
   *   `ENOENT` when it is not)
   * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE` (nothing is written then), `E2BIG` when the map is
   *   full or an array index is too large, `EPERM` for a frozen map or a read-only handle, `ERR_BPF_CLOSED`
   */
  set(key: Input<Key>, value: Input<Value>, mode: SetMode = 'any'): void {
    const flags = modeFlags(mode, this.name);
    const element = takeElementBuffer(this.#elementSize);
    try {
      this.keyCodec.encode(key as Key, element);
      this.valueCodec.encode(value as Value, element, this.#valueOffset);
      this.elements.update(element, flags);
    } catch (cause) {
      throw this.explained(cause);
    } finally {
      giveElementBuffer(element);
    }
  }

  /**
   * Sets many keys in one call: a Map, an array of pairs, the entries of another map. In mode `any` that is one system
   * call (BPF_MAP_UPDATE_BATCH, Linux 5.6) where the map's type has it.
   *
   * @throws BpfError as {@link KeyedMap.set} does. When a key or value is not of its type, nothing is set. When the
   *   kernel refuses one, those before it are set, and `done` is their number.
   */
  setMany(entries: Iterable<readonly [Input<Key>, Input<Value>]>, mode: SetMode = 'any'): void {
    const flags = modeFlags(mode, this.name);
    const list = listOf(entries, this.name, 'pairs of a key and a value');
    const { keySize, valueBytes } = this.info;
    const keys = new Uint8Array(list.length * keySize);
    const values = new Uint8Array(list.length * valueBytes);
    const { keyCodec, valueCodec } = this;
    this.#eachOf(list, (entry, i) => {
      if (!Array.isArray(entry) || entry.length !== 2) throw notA('pair of a key and a value', entry);
      keyCodec.encode(entry[0] as Key, keys, i * keySize);
      valueCodec.encode(entry[1] as Value, values, i * valueBytes);
    });
    this.setBytes(keys, values, flags);
  }

  /**
   * The elements in batches, undecoded: the fastest way to read a map, one system call a batch. See {@link KeyedMap}
   * for what a walk gives while the map changes.
   *
   * @param size - elements of a batch at most, unless a bucket of a hash has more; by default 256 KiB
   * @throws BpfError `ERR_BPF_CHANGED` for a trie that changes faster than it can be read; `ERR_BPF_ARGUMENT`,
   *   `ERR_BPF_CLOSED`
   */
  *batches(size?: number): IterableIterator<MapBatch<Key, Value>> {
    if (size !== undefined && !(Number.isInteger(size) && size > 0)) {
      throw new BpfError(`the size of a batch must be a positive integer, not ${describeValue(size)}`, {
        code: 'ERR_BPF_ARGUMENT',
        reason: 'input',
        map: this.name,
      });
    }
    try {
      for (const batch of readBatches(this.batchSource, size)) {
        yield batch;
        this.assertOpen();
      }
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /** The keys, in the kernel's order; see {@link KeyedMap}. */
  *keys(): IterableIterator<Key> {
    for (const batch of this.batches()) {
      for (let i = 0; i < batch.length; i++) {
        yield batch.key(i);
        this.assertOpen();
      }
    }
  }

  /** The values, in the order of their keys. */
  *values(): IterableIterator<Value> {
    for (const batch of this.batches()) {
      for (let i = 0; i < batch.length; i++) {
        yield batch.value(i);
        this.assertOpen();
      }
    }
  }

  /** The keys with their values; see {@link KeyedMap}. */
  *entries(): IterableIterator<[Key, Value]> {
    for (const batch of this.batches()) {
      for (let i = 0; i < batch.length; i++) {
        yield [batch.key(i), batch.value(i)];
        this.assertOpen();
      }
    }
  }

  /** Keys with values: see {@link KeyedMap.entries}. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries();
  }

  /** @internal */
  protected get batchSource(): BatchSource<Key, Value> {
    return { handle: this.handle, info: this.info, keys: this.keyCodec, values: this.valueCodec };
  }

  /** Calls with an element of which only the key is set. @internal */
  protected withKey<T>(key: Input<Key>, call: (element: Uint8Array, valueOffset: number) => T): T {
    const element = takeElementBuffer(this.#elementSize);
    try {
      this.keyCodec.encode(key as Key, element);
      return call(element, this.#valueOffset);
    } catch (cause) {
      throw this.explained(cause);
    } finally {
      giveElementBuffer(element);
    }
  }

  /** The bytes of many keys. @internal */
  protected keyBytes(keys: Iterable<Input<Key>>): Uint8Array {
    const list = listOf(keys, this.name, 'keys');
    const { keySize } = this.info;
    const bytes = new Uint8Array(list.length * keySize);
    const { keyCodec } = this;
    this.#eachOf(list, (key, i) => keyCodec.encode(key as Key, bytes, i * keySize));
    return bytes;
  }

  /** @internal */
  protected setBytes(keys: Uint8Array, values: Uint8Array, flags: number): void {
    try {
      native().mapUpdateBatch(this.handle, keys, values, flags);
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /** Encodes one after the other, holes of an array included, and says which was wrong. */
  #eachOf<T>(list: readonly T[], encode: (item: T, i: number) => void): void {
    let i = 0;
    try {
      for (; i < list.length; i++) encode(list[i] as T, i);
    } catch (cause) {
      if (!(cause instanceof BpfError)) throw cause;
      throw rephrase(cause, `element ${i + 1} of ${list.length}: ${cause.message}`, { map: this.name });
    }
  }
}

function listOf<T>(items: Iterable<T>, map: string, what: string): readonly T[] {
  if (Array.isArray(items)) return items;
  if (typeof items === 'object' && items !== null && Symbol.iterator in items) return [...items];
  throw new BpfError(`map "${map}": an iterable of ${what} is wanted, not ${describeValue(items)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    map,
  });
}

function notA(what: string, value: unknown): BpfError {
  return new BpfError(`a ${what} is wanted, not ${describeValue(value)}`, {
    code: 'ERR_BPF_VALUE_TYPE',
    reason: 'input',
  });
}
