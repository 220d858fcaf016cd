import { Btf, type Codec, codecFor, describeValue, type Input, type U64 } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { type MapHandle, type NativeMapInfo, native } from '../native.js';
import { preparePinPath } from './pin-path.js';
import { bytesCodec, indexCodec, perCpuCodec } from './plain-codec.js';
import { type RecordTypes, recordTypes } from './record-type.js';

/** When a {@link BpfMap.set} is allowed: always, only for a new key, or only for a key that is there. */
export type SetMode = 'any' | 'noexist' | 'exist';

const FLAGS: ReadonlyMap<SetMode, number> = new Map([
  ['any', 0],
  ['noexist', 1],
  ['exist', 2],
]);

/** What the object file says of a map, beyond the kernel's information. @internal */
export interface MapDescription {
  name: string;
  types: MapTypes | undefined;
}

/** The types of a map's keys and values; the id 0 for one that is not told. @internal */
export interface MapTypes {
  btf: Btf;
  keyTypeId: number;
  valueTypeId: number;
  u64: U64;
}

/**
 * A map: keys and values are what BTF says they are.
 *
 * Structs come as objects, `char` arrays as strings, enums as names, 64-bit integers as bigint (see
 * {@link OpenOptions.u64}). A key or value without BTF is a Uint8Array of its exact size. The values of per-CPU maps are
 * arrays with one value for every possible CPU.
 */
export class BpfMap<Key = unknown, Value = unknown> implements Disposable {
  /** The name in the object; for a map opened from a pin the kernel's, which is cut to 15 characters. */
  readonly name: string;
  readonly #handle: MapHandle;
  readonly #info: NativeMapInfo;
  readonly #types: MapTypes | undefined;
  #keys: Codec<Key> | undefined;
  #values: Codec<Value> | undefined;

  /** @internal */
  constructor(handle: MapHandle, description?: MapDescription) {
    this.#handle = handle;
    this.#info = native().mapInfo(handle);
    this.name = description?.name ?? this.#info.name;
    this.#types = description ? description.types : typesFromKernel(this.#info);
  }

  /**
   * Opens a map that was pinned. Its types come from the kernel, which needs CAP_SYS_ADMIN; without it keys and
   * values are bytes.
   *
   * @param path - the pin's path on a bpffs
   * @throws BpfError `ENOENT`, `EACCES`, or `ERR_BPF_WRONG_KIND` when it pins something else
   */
  static open<Key = unknown, Value = unknown>(path: string): BpfMap<Key, Value> {
    return new BpfMap<Key, Value>(native().mapOpenPinned(path));
  }

  /** The map's id, as `bpftool map` shows it. */
  get id(): number {
    return this.#info.id;
  }

  /** libbpf's name of the map type, such as `hash` or `ringbuf`. */
  get type(): string {
    return this.#info.type;
  }

  /** For a ring buffer: its size in bytes. */
  get maxEntries(): number {
    return this.#info.maxEntries;
  }

  /** @internal */
  get handle(): MapHandle {
    return this.#handle;
  }

  /** How keys are laid out. @internal */
  get keyCodec(): Codec<Key> {
    this.#keys ??= this.#codec<Key>('key', this.#types?.keyTypeId ?? 0, this.#info.keySize);
    return this.#keys;
  }

  /** How values are laid out. @internal */
  get valueCodec(): Codec<Value> {
    this.#values ??= this.#makeValueCodec();
    return this.#values;
  }

  /**
   * How the records that it carries are laid out: as it declares, or as the type of that name in its object's BTF.
   *
   * @throws BpfError `ERR_BPF_UNKNOWN_NAME` when there is none
   * @internal
   */
  recordTypes(type?: string): RecordTypes<Value> {
    return recordTypes<Value>(this.name, this.#types, type);
  }

  /**
   * The value of a key; undefined when there is none.
   *
   * @throws BpfError `ERR_BPF_VALUE_TYPE` or `ERR_BPF_VALUE_RANGE` when the key is not of its type, `ENOTSUPP`
   *   for a map type without lookup, `EPERM` for a write-only handle, `ERR_BPF_CLOSED`
   */
  get(key: Input<Key>): Value | undefined {
    const bytes = new Uint8Array(this.#valueBytes());
    return native().mapLookup(this.#handle, this.keyCodec.encode(key as Key), bytes)
      ? this.valueCodec.decode(bytes)
      : undefined;
  }

  has(key: Input<Key>): boolean {
    return native().mapLookup(
      this.#handle,
      this.keyCodec.encode(key as Key),
      new Uint8Array(this.#valueBytes()),
    );
  }

  /**
   * Sets the value of a key.
   *
   * @param mode - `any` (default), `noexist` (fails with `EEXIST` when the key is there) or `exist` (fails with
   *   `ENOENT` when it is not)
   * @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE` (nothing is written then), `E2BIG` when the map is
   *   full or an array index is too large, `ERR_BPF_CLOSED`
   */
  set(key: Input<Key>, value: Input<Value>, mode: SetMode = 'any'): void {
    const flags = FLAGS.get(mode);
    if (flags === undefined)
      throw this.#error(`cannot be set in mode ${describeValue(mode)}`, 'use any, noexist or exist');
    this.#valueBytes();
    native().mapUpdate(
      this.#handle,
      this.keyCodec.encode(key as Key),
      this.valueCodec.encode(value as Value),
      flags,
    );
  }

  /**
   * Deletes a key.
   *
   * @returns whether it was there
   * @throws BpfError `EINVAL` for arrays, whose elements cannot be deleted; `ERR_BPF_CLOSED`
   */
  delete(key: Input<Key>): boolean {
    return native().mapDelete(this.#handle, this.keyCodec.encode(key as Key));
  }

  /**
   * The keys, in the kernel's order. The map may change meanwhile: deleting the current key is safe; keys that
   * others add or delete may or may not be seen, and when the key at which the walk stands is deleted by others
   * the kernel starts over.
   */
  *keys(): IterableIterator<Key> {
    let current: Uint8Array | null = null;
    let next = new Uint8Array(this.#info.keySize);
    let more = native().mapNextKey(this.#handle, current, next);
    while (more) {
      current = next;
      // Step on before the caller sees the key, who may delete it.
      next = new Uint8Array(this.#info.keySize);
      more = native().mapNextKey(this.#handle, current, next);
      yield this.keyCodec.decode(current);
    }
  }

  /** The keys with their values; see {@link BpfMap.keys}. A key that is deleted before its value is read is left out. */
  *entries(): IterableIterator<[Key, Value]> {
    for (const key of this.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries();
  }

  /**
   * Pins the map to a path on a bpffs: it and its content outlive this process until the pin is removed.
   *
   * @throws BpfError `EEXIST`, `ERR_BPF_NOT_BPFFS`, `ERR_BPF_CLOSED`
   */
  pin(path: string): void {
    native().mapPin(this.#handle, preparePinPath(path));
  }

  /** Gives up this descriptor. Programs keep their maps alive; closing twice is fine. */
  close(): void {
    native().mapClose(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #valueBytes(): number {
    if (this.#info.type === 'ringbuf') {
      throw this.#error('is a ring buffer, which has no keys', 'read it with new RingBuffer(map)');
    }
    return this.#info.valueBytes;
  }

  #makeValueCodec(): Codec<Value> {
    const { type, valueSize, valueBytes } = this.#info;
    const one = this.#codec<Value>('value', this.#types?.valueTypeId ?? 0, valueSize);
    return /percpu/.test(type)
      ? (perCpuCodec(`${this.name} value`, one, valueBytes) as Codec<unknown> as Codec<Value>)
      : one;
  }

  #codec<T>(what: string, typeId: number, size: number): Codec<T> {
    const label = `${this.name} ${what}`;
    if (this.#types && typeId !== 0) {
      const { btf, u64 } = this.#types;
      return codecFor(btf, typeId, { u64, label }) as Codec<T>;
    }
    const isIndex = what === 'key' && this.#info.type.endsWith('array') && size === 4;
    return (isIndex ? indexCodec(label) : bytesCodec(label, size)) as Codec<T>;
  }

  #error(what: string, hint?: string): BpfError {
    return new BpfError(`map "${this.name}" ${what}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      map: this.name,
      hint,
    });
  }
}

/** A map of the kernel's describes itself by a BTF object of the kernel's; without the right to read it, by nothing. */
function typesFromKernel(info: NativeMapInfo): MapTypes | undefined {
  if (info.btfId === 0) return undefined;
  try {
    const btf = Btf.parse(native().btfById(info.btfId));
    return { btf, keyTypeId: info.keyTypeId, valueTypeId: info.valueTypeId, u64: 'bigint' };
  } catch (error) {
    if (error instanceof BpfError && (error.code === 'EPERM' || error.code === 'EACCES')) return undefined;
    throw error;
  }
}
