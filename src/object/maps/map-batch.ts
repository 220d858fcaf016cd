import type { Codec } from '../../btf/index.js';
import { type MapHandle, type NativeMapInfo, native } from '../../native.js';

/**
 * Elements of a map as they were read together. The bytes are the kernel's, decoded when asked for: a batch is valid
 * until the next one is asked for.
 */
export class MapBatch<Key = unknown, Value = unknown> implements Iterable<[Key, Value]> {
  /** How many elements there are. */
  readonly length: number;
  /** The keys one after the other, as the kernel has them. */
  readonly keyBytes: Uint8Array<ArrayBuffer>;
  /** The values one after the other; of a per-CPU map each has one of every possible CPU, padded to 8 bytes. */
  readonly valueBytes: Uint8Array<ArrayBuffer>;
  readonly #keys: Codec<Key>;
  readonly #values: Codec<Value>;
  readonly #keySize: number;
  readonly #valueSize: number;

  /** @internal */
  constructor(
    length: number,
    keyBytes: Uint8Array<ArrayBuffer>,
    valueBytes: Uint8Array<ArrayBuffer>,
    { keys, values, info }: BatchSource<Key, Value>,
  ) {
    this.length = length;
    this.keyBytes = keyBytes;
    this.valueBytes = valueBytes;
    this.#keys = keys;
    this.#values = values;
    this.#keySize = info.keySize;
    this.#valueSize = info.valueBytes;
  }

  /** The key of element `i`. @throws BpfError `ERR_BPF_VALUE_RANGE` when there is no such element */
  key(i: number): Key {
    return this.#keys.decode(this.keyBytes, i * this.#keySize);
  }

  /** The value of element `i`. @throws BpfError `ERR_BPF_VALUE_RANGE` when there is no such element */
  value(i: number): Value {
    return this.#values.decode(this.valueBytes, i * this.#valueSize);
  }

  /** Keys with values, decoded one by one. */
  *[Symbol.iterator](): IterableIterator<[Key, Value]> {
    for (let i = 0; i < this.length; i++) yield [this.key(i), this.value(i)];
  }
}

/** A map, as far as batches go. */
export interface BatchSource<Key, Value> {
  handle: MapHandle;
  info: NativeMapInfo;
  keys: Codec<Key>;
  values: Codec<Value>;
}

// The types whose walk by BPF_MAP_LOOKUP_BATCH is exact. The others that have it step from key to key like
// BPF_MAP_GET_NEXT_KEY (kernel/bpf/syscall.c generic_map_lookup_batch), and start over when the key is gone.
const IN_BATCHES: ReadonlySet<string> = new Set([
  'hash',
  'percpu_hash',
  'lru_hash',
  'lru_percpu_hash',
  'array',
  'percpu_array',
]);

const BYTES_AT_A_TIME = 256 * 1024;

/** The elements of a map, `size` at a time. */
export function* readBatches<Key, Value>(
  source: BatchSource<Key, Value>,
  size: number | undefined,
): IterableIterator<MapBatch<Key, Value>> {
  if (IN_BATCHES.has(source.info.type)) {
    yield* walk(source, size, false);
  } else {
    yield* readAtOnce(source, size);
  }
}

/** The same of a hash, whose elements are deleted as they are read. */
export function takeBatches<Key, Value>(
  source: BatchSource<Key, Value>,
): IterableIterator<MapBatch<Key, Value>> {
  return walk(source, undefined, true);
}

function* walk<Key, Value>(
  source: BatchSource<Key, Value>,
  size: number | undefined,
  take: boolean,
): IterableIterator<MapBatch<Key, Value>> {
  const { handle, info } = source;
  const { keySize, valueBytes, maxEntries } = info;
  let room = Math.min(size ?? sizeFor(info), maxEntries);
  let keys = new Uint8Array(room * keySize);
  let values = new Uint8Array(room * valueBytes);
  const cursor = new Uint8Array(Math.max(4, keySize));
  const result = new Uint32Array(3);
  let first = true;
  for (;;) {
    native().mapLookupBatch(handle, cursor, first, keys, values, take, result);
    const [count = 0, last, noRoom] = result;
    if (noRoom) {
      // A bucket of a hash comes whole or not at all; no bucket has more than all elements.
      room = Math.min(room * 2, Math.max(maxEntries, room + 1));
      keys = new Uint8Array(room * keySize);
      values = new Uint8Array(room * valueBytes);
      continue;
    }
    first = false;
    if (count > 0) {
      yield new MapBatch(
        count,
        keys.subarray(0, count * keySize),
        values.subarray(0, count * valueBytes),
        source,
      );
    }
    if (last) return;
  }
}

function* readAtOnce<Key, Value>(
  source: BatchSource<Key, Value>,
  size: number | undefined,
): IterableIterator<MapBatch<Key, Value>> {
  const { keySize, valueBytes } = source.info;
  const elements = native().mapReadAll(source.handle);
  const count = elements.length / (keySize + valueBytes);
  const step = size ?? Math.max(count, 1);
  for (let at = 0; at < count; at += step) {
    const length = Math.min(step, count - at);
    const values = count * keySize + at * valueBytes;
    yield new MapBatch(
      length,
      elements.subarray(at * keySize, (at + length) * keySize),
      elements.subarray(values, values + length * valueBytes),
      source,
    );
  }
}

function sizeFor({ keySize, valueBytes }: NativeMapInfo): number {
  return Math.max(64, Math.floor(BYTES_AT_A_TIME / (keySize + valueBytes)));
}
