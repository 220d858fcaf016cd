import './map-families.js';

export { AnyMap } from './any-map.js';
export { BpfArray, type BpfArrayDefinition } from './bpf-array.js';
export { BpfBloomFilter, type BpfBloomFilterDefinition } from './bpf-bloom-filter.js';
export { BpfMap, type BpfMapDefinition } from './bpf-map.js';
export { BpfQueue, type BpfQueueDefinition, type PushOptions } from './bpf-queue.js';
export { CgroupArray } from './cgroup-array.js';
export { CgrpStorage } from './cgrp-storage.js';
export type { CreateOptions } from './create-map.js';
export { createMap } from './create-map.js';
export { InodeStorage } from './inode-storage.js';
export { KeyedMap } from './keyed-map.js';
export { LocalStorage } from './local-storage.js';
export { makeMap } from './make-map.js';
export { MapBatch } from './map-batch.js';
export { flagBits, flagNames, type MapFlag } from './map-flags.js';
export { type Comparable, differences, mismatch } from './map-mismatch.js';
export { type InnerOptions, MapOfMaps, type MapOfMapsDefinition } from './map-of-maps.js';
export {
  type InnerMap,
  type MapAccess,
  type MapOpenOptions,
  type MapSource,
  type MapTypes,
  openPinnedMap,
} from './map-source.js';
export { familyOf, type MapFamily, USES } from './map-types.js';
export { ProgArray } from './prog-array.js';
export { RecordMap, type RecordMapDefinition } from './record-map.js';
export type { SetMode } from './set-mode.js';
export { SkStorage } from './sk-storage.js';
export { TaskStorage } from './task-storage.js';
