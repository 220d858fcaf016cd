import type { Codec, Input } from '../../btf/index.js';
import { assertOptions } from '../../errors.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap } from './create-map.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/** A bloom filter to make with {@link BpfBloomFilter.create}. */
export interface BpfBloomFilterDefinition extends CreateOptions {
  /** Bytes of a value. */
  valueSize: number;
  /** 1 to 15. Default the kernel's, 5. */
  hashFunctions?: number;
}

/**
 * A bloom filter: values can be added, and it tells for a value whether it was certainly not added.
 *
 * Linux 5.16; kernel/bpf/bloom_filter.c.
 */
export class BpfBloomFilter<Value = unknown> extends AnyMap {
  #values: Codec<Value> | undefined;

  /** @internal */
  constructor(source: MapSource) {
    super(source, 'BpfBloomFilter');
  }

  /** Opens a bloom filter that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): BpfBloomFilter<Value> {
    return new BpfBloomFilter<Value>(openPinnedMap(path, options));
  }

  /** Opens a bloom filter by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): BpfBloomFilter<Value> {
    return new BpfBloomFilter<Value>(openMapById(id, options));
  }

  /** Makes a bloom filter; see {@link BpfMap.create}. `maxEntries` is how many values it is laid out for. */
  static create(definition: BpfBloomFilterDefinition): BpfBloomFilter<Uint8Array> {
    assertOptions(definition, 'BpfBloomFilter.create()');
    const { valueSize, hashFunctions = 0, ...rest } = definition;
    return new BpfBloomFilter(createMap({ ...rest, type: 'bloom_filter', valueSize, extra: hashFunctions }));
  }

  /** How values are laid out. @internal */
  get valueCodec(): Codec<Value> {
    this.#values ??= this.makeValueCodec<Value>();
    return this.#values;
  }

  /** Adds a value. @throws BpfError `ERR_BPF_VALUE_TYPE`, `ERR_BPF_VALUE_RANGE`, `EPERM`, `ERR_BPF_CLOSED` */
  add(value: Input<Value>): void {
    try {
      this.elements.update(this.valueCodec.encode(value as Value), 0);
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /** Whether the value may have been added: false is certain, true is not. Throws as {@link BpfBloomFilter.add} does. */
  mightHave(value: Input<Value>): boolean {
    try {
      return this.elements.lookup(this.valueCodec.encode(value as Value));
    } catch (cause) {
      throw this.explained(cause);
    }
  }
}
