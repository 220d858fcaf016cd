import type { Input } from '../../btf/index.js';
import { assertOptions } from '../../errors.js';
import { native } from '../../native.js';
import { type CreateOptions, createMap } from './create-map.js';
import { KeyedMap } from './keyed-map.js';
import { takeBatches } from './map-batch.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/** A map to make with {@link BpfMap.create}. */
export interface BpfMapDefinition extends CreateOptions {
  type: 'hash' | 'lru_hash' | 'percpu_hash' | 'lru_percpu_hash' | 'lpm_trie';
  /** Bytes of a key. */
  keySize: number;
  /** Bytes of a value. */
  valueSize: number;
}

/**
 * A map whose keys come and go: hash, LRU hash, their per-CPU kin, and the trie of prefixes, whose keys are structs that
 * begin with `__u32 prefixlen` (`struct bpf_lpm_trie_key`). See {@link KeyedMap} for what keys and values are.
 *
 * Other types with keys that have no class of their own are BpfMaps too (`stack_trace`, `devmap`, `cgroup_storage`,
 * ...): what they cannot do, the kernel refuses.
 */
export class BpfMap<Key = unknown, Value = unknown> extends KeyedMap<Key, Value> {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'BpfMap');
  }

  /**
   * Opens a map that was pinned. Its types come from the kernel, which needs CAP_SYS_ADMIN; without it keys and
   * values are bytes.
   *
   * @param path - the pin's path on a bpffs
   * @throws BpfError `ENOENT`, `EACCES`, or `ERR_BPF_WRONG_KIND` when it pins something else
   */
  static open<Key = unknown, Value = unknown>(path: string, options?: MapOpenOptions): BpfMap<Key, Value> {
    return new BpfMap<Key, Value>(openPinnedMap(path, options));
  }

  /**
   * Opens a map by its id, as `bpftool map` shows it; see {@link BpfMap.open}. Needs CAP_SYS_ADMIN.
   *
   * @throws BpfError `ENOENT`, `EPERM`, `ERR_BPF_WRONG_KIND`
   */
  static openById<Key = unknown, Value = unknown>(id: number, options?: MapOpenOptions): BpfMap<Key, Value> {
    return new BpfMap<Key, Value>(openMapById(id, options));
  }

  /**
   * Makes a map of its own, for a map of maps or for objects that {@link OpenMap.reuse} it. Its keys and values are
   * bytes.
   *
   * @throws BpfError `EINVAL` when the kernel knows no such map, `EPERM`, `ERR_BPF_ARGUMENT`
   */
  static create(definition: BpfMapDefinition): BpfMap<Uint8Array, Uint8Array> {
    assertOptions(definition, 'BpfMap.create()');
    const { type, keySize, valueSize, ...rest } = definition;
    return new BpfMap(createMap({ ...rest, type, keySize, valueSize }));
  }

  /**
   * Deletes a key.
   *
   * @returns whether it was there
   * @throws BpfError `EPERM` for a frozen map or a read-only handle, `ERR_BPF_CLOSED`
   */
  delete(key: Input<Key>): boolean {
    return this.withKey(key, (element) => this.elements.delete(element));
  }

  /**
   * Deletes many keys in one call (BPF_MAP_DELETE_BATCH, Linux 5.6, where the map's type has it).
   *
   * @returns how many were there
   * @throws BpfError as {@link BpfMap.delete} does; nothing is deleted when a key is not of its type
   */
  deleteMany(keys: Iterable<Input<Key>>): number {
    const bytes = this.keyBytes(keys);
    try {
      return native().mapDeleteBatch(this.handle, bytes);
    } catch (cause) {
      throw this.explained(cause);
    }
  }

  /**
   * Deletes a key and gives the value it had, in one step: no update between the two is lost.
   *
   * Linux 5.14; kernel/bpf/hashtab.c __htab_map_lookup_and_delete_elem().
   *
   * @throws BpfError `ENOTSUPP` for a trie; as {@link KeyedMap.get} does
   */
  take(key: Input<Key>): Value | undefined {
    return this.withKey(key, (element, valueOffset) =>
      this.elements.take(element) ? this.valueCodec.decode(element, valueOffset) : undefined,
    );
  }

  /**
   * Empties a hash and gives what was in it: each element is read and deleted in one step, so that no update is lost.
   * Keys that others set meanwhile may or may not be among them.
   *
   * Linux 5.6; kernel/bpf/hashtab.c __htab_map_lookup_and_delete_batch().
   *
   * @throws BpfError `ENOTSUPP` for a trie
   */
  takeAll(): [Key, Value][] {
    const entries: [Key, Value][] = [];
    try {
      for (const batch of takeBatches(this.batchSource)) entries.push(...batch);
    } catch (cause) {
      throw this.explained(cause);
    }
    return entries;
  }
}
