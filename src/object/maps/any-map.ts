import { type Codec, codecFor } from '../../btf/index.js';
import { BpfError, rephrase } from '../../errors.js';
import { type MapHandle, type NativeElements, type NativeMapInfo, native } from '../../native.js';
import { preparePinPath } from '../pin-path.js';
import { bytesCodec, indexCodec, perCpuCodec } from '../plain-codec.js';
import { explainElementFailure } from './element-failure.js';
import { flagNames, type MapFlag } from './map-flags.js';
import type { MapAccess, MapSource, MapTypes } from './map-source.js';
import { familyOf, type MapFamily, USES } from './map-types.js';

/** What all maps have in common; its subclasses say what one can do with the map. */
export abstract class AnyMap implements Disposable {
  /** The name in the object; for a map opened from a pin or by its id the kernel's, which is cut to 15 characters. */
  readonly name: string;
  readonly #handle: MapHandle;
  readonly #types: MapTypes | undefined;
  #elements: NativeElements | undefined;
  #closed = false;
  /** @internal */
  protected readonly info: NativeMapInfo;

  /** @internal */
  protected constructor(source: MapSource, family: MapFamily) {
    const found = familyOf(source.info.type);
    if (found !== family) {
      native().mapClose(source.handle);
      throw new BpfError(`map "${source.name}" of type ${source.info.type} is no ${family} but a ${found}`, {
        code: 'ERR_BPF_WRONG_KIND',
        reason: 'input',
        map: source.name,
        hint: `${USES[found]}`,
      });
    }
    this.#handle = source.handle;
    this.#types = source.types;
    this.info = source.info;
    this.name = source.name;
  }

  /** The map's id, as `bpftool map` shows it. */
  get id(): number {
    return this.info.id;
  }

  /** libbpf's name of the map type, such as `hash` or `ringbuf`. */
  get type(): string {
    return this.info.type;
  }

  /** Bytes of a key; 0 for maps without keys. */
  get keySize(): number {
    return this.info.keySize;
  }

  /** Bytes of a value; of per-CPU maps, of one CPU's. */
  get valueSize(): number {
    return this.info.valueSize;
  }

  /** For a ring buffer: its size in bytes. */
  get maxEntries(): number {
    return this.info.maxEntries;
  }

  /** The flags that the map was made with. */
  get flags(): readonly (MapFlag | `0x${string}`)[] {
    return flagNames(this.info.flags);
  }

  /** What this handle may be used for. */
  get access(): MapAccess {
    return this.info.access;
  }

  /**
   * Whether the map is frozen: no process can change it any more, programs can.
   *
   * @throws BpfError `ERR_BPF_CLOSED`
   */
  get frozen(): boolean {
    return native().mapFrozen(this.#handle);
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal */
  get handle(): MapHandle {
    return this.#handle;
  }

  /** @internal */
  protected get elements(): NativeElements {
    this.#elements ??= native().mapElements(this.#handle);
    return this.#elements;
  }

  /** @internal */
  protected get types(): MapTypes | undefined {
    return this.#types;
  }

  /**
   * Freezes the map, for good: from here on no process can change it, whatever its privileges; programs still can,
   * unless the map was made with `rdonly_prog`. Until then a map's content is never known to be final.
   *
   * Linux 5.2; kernel/bpf/syscall.c map_freeze().
   *
   * @throws BpfError `EBUSY` while its memory is mapped for writing (an ArrayBuffer of {@link BpfArray.memory} that
   *   is still alive, in any process); `EPERM`, on Linux 6.1 `EBUSY`, when it is frozen already; `EPERM` for a handle
   *   opened for reading only, except on Linux 6.1;
   *   `ENOTSUPP` for a map with timers or pointers; `ERR_BPF_CLOSED`
   */
  freeze(): void {
    try {
      native().mapFreeze(this.#handle);
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.code !== 'EBUSY') throw this.explained(cause);
      throw rephrase(cause, cause.message, {
        reason: 'input',
        // Linux 6.1 says so as well of a map that is frozen.
        hint: this.frozen
          ? 'it is frozen already'
          : 'its memory is mapped for writing, by this process or another',
      });
    }
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
    this.#closed = true;
    native().mapClose(this.#handle);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  protected assertOpen(): void {
    if (!this.#closed) return;
    throw new BpfError('the map is closed', { code: 'ERR_BPF_CLOSED', reason: 'input', map: this.name });
  }

  /** What a failure means for this map. @internal */
  protected explained(cause: unknown): unknown {
    return cause instanceof BpfError ? explainElementFailure(this, cause) : cause;
  }

  /** @internal */
  protected makeKeyCodec<Key>(): Codec<Key> {
    const { keySize, type } = this.info;
    const label = `${this.name} key`;
    const typed = this.#codec<Key>(this.#types?.keyTypeId ?? 0, keySize, label);
    if (typed) return typed;
    // Arrays are indexed by a __u32, which libbpf does not always describe by BTF.
    const isIndex = /array|devmap$|cpumap|xskmap|sockmap/.test(type) && keySize === 4;
    return (isIndex ? indexCodec(label) : bytesCodec(label, keySize)) as Codec<unknown> as Codec<Key>;
  }

  /** @internal */
  protected makeValueCodec<Value>(): Codec<Value> {
    const { type, valueSize, valueBytes } = this.info;
    const label = `${this.name} value`;
    const one =
      this.#codec<Value>(this.#types?.valueTypeId ?? 0, valueSize, label) ??
      (bytesCodec(label, valueSize) as Codec<unknown> as Codec<Value>);
    return type.includes('percpu')
      ? (perCpuCodec(label, one, valueBytes) as Codec<unknown> as Codec<Value>)
      : one;
  }

  /** The codec of a type; undefined when it is not told, or the map was given another size before it was made. */
  #codec<T>(typeId: number, size: number, label: string): Codec<T> | undefined {
    if (!this.#types || typeId === 0) return undefined;
    const { btf, u64 } = this.#types;
    const codec = codecFor<T>(btf, typeId, { u64, label });
    return codec.size === size ? codec : undefined;
  }
}
