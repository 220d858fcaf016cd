import { assertOptions } from '../../errors.js';
import { type RecordTypes, recordTypes } from '../record-type.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap } from './create-map.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/** A map of records to make with {@link RecordMap.create}. */
export interface RecordMapDefinition extends CreateOptions {
  type: 'ringbuf' | 'user_ringbuf' | 'perf_event_array';
}

/**
 * A map that carries records and has no keys: a ring buffer (read it with {@link RingBuffer}), a perf event array
 * (with {@link PerfBuffer}), or a user ring buffer (write to it with {@link UserRingBuffer}).
 */
export class RecordMap<Event = unknown> extends AnyMap {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'RecordMap');
  }

  /** Opens a map of records that was pinned; see {@link BpfMap.open}. The kernel keeps no types of it: records are bytes. */
  static open(path: string, options?: MapOpenOptions): RecordMap<Uint8Array> {
    return new RecordMap(openPinnedMap(path, options));
  }

  /** Opens a map of records by its id; see {@link BpfMap.openById}. Records are bytes. */
  static openById(id: number, options?: MapOpenOptions): RecordMap<Uint8Array> {
    return new RecordMap(openMapById(id, options));
  }

  /**
   * Makes a map of records; see {@link BpfMap.create}. `maxEntries` of a ring buffer is its size in bytes, a power of
   * two and a multiple of the page size; of a perf event array, one for every possible CPU.
   */
  static create(definition: RecordMapDefinition): RecordMap<Uint8Array> {
    assertOptions(definition, 'RecordMap.create()');
    const { type, ...rest } = definition;
    const size = type === 'perf_event_array' ? 4 : 0;
    return new RecordMap(createMap({ ...rest, type, keySize: size, valueSize: size }));
  }

  /**
   * How records are laid out: as the map declares, or as the type of that name in its object's BTF.
   *
   * @throws BpfError `ERR_BPF_UNKNOWN_NAME` when there is none
   * @internal
   */
  recordTypes(type?: string): RecordTypes<Event> {
    return recordTypes<Event>(this.name, this.types, type);
  }
}
