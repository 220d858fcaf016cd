import { assertOptions, BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { type CreateOptions, createMap } from './create-map.js';
import { KeyedMap } from './keyed-map.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/** An array to make with {@link BpfArray.create}. */
export interface BpfArrayDefinition extends CreateOptions {
  type?: 'array' | 'percpu_array';
  /** Bytes of a value. */
  valueSize: number;
}

/**
 * An array or per-CPU array: its elements are there from the beginning, zeroed, and cannot be deleted. See
 * {@link KeyedMap} for what values are.
 */
export class BpfArray<Value = unknown> extends KeyedMap<number, Value> {
  #memory: ArrayBuffer | undefined;

  /** @internal */
  constructor(source: MapSource) {
    super(source, 'BpfArray');
  }

  /** Opens an array that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): BpfArray<Value> {
    return new BpfArray<Value>(openPinnedMap(path, options));
  }

  /** Opens an array by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): BpfArray<Value> {
    return new BpfArray<Value>(openMapById(id, options));
  }

  /** Makes an array; see {@link BpfMap.create}. */
  static create(definition: BpfArrayDefinition): BpfArray<Uint8Array> {
    assertOptions(definition, 'BpfArray.create()');
    const { type = 'array', valueSize, ...rest } = definition;
    return new BpfArray(createMap({ ...rest, type, keySize: 4, valueSize }));
  }

  /** How many elements it has. */
  get length(): number {
    return this.maxEntries;
  }

  /** Bytes from one element to the next in {@link BpfArray.memory}: the value's size, padded to 8. */
  get stride(): number {
    return Math.ceil(this.valueSize / 8) * 8;
  }

  /**
   * The memory of an array made with `mmapable`, itself: typed arrays over it show what programs do at once, and what
   * is written there programs see, without a system call. Element i begins at i times {@link BpfArray.stride}.
   *
   * ```ts
   * const counters = new BigUint64Array(object.maps.counters.memory());
   * ```
   *
   * The buffer keeps the kernel's memory alive for as long as anything refers to it, and is let go by the garbage
   * collector. It stays good when the map is closed: a buffer that lost its memory would swallow what is written to it
   * without a word. While it lives, {@link AnyMap.freeze} is refused. Stores of JavaScript are not atomic beyond their
   * own size: for counters that programs change too, use `Atomics`.
   *
   * Linux 5.5; kernel/bpf/arraymap.c array_map_mmap().
   *
   * @returns the same buffer at every call
   * @throws BpfError `ERR_BPF_ARGUMENT` when the array was not made with `mmapable`; `ERR_BPF_READ_ONLY` when it is
   *   frozen, was made with `rdonly_prog`, or was not opened for reading and writing: a store to memory that cannot be
   *   written would end the process, so such an array is read with `get` or `batches`; `ERR_BPF_CLOSED`
   */
  memory(): ArrayBuffer {
    try {
      this.#memory ??= native().mapShareMemory(this.handle);
    } catch (cause) {
      throw this.#whyNot(cause);
    }
    return this.#memory;
  }

  #whyNot(cause: unknown): unknown {
    if (!(cause instanceof BpfError) || cause.code === 'ERR_BPF_CLOSED') return cause;
    const hint = {
      ERR_BPF_ARGUMENT: 'declare it with __uint(map_flags, BPF_F_MMAPABLE)',
      ERR_BPF_READ_ONLY: 'read it with get, entries or batches, which copy',
    }[cause.code];
    return rephrase(cause, cause.message, { reason: 'input', hint });
  }
}
