/** The class that stands for a map, by what one can do with it. */
export type MapFamily =
  | 'BpfMap'
  | 'BpfArray'
  | 'BpfQueue'
  | 'BpfBloomFilter'
  | 'ProgArray'
  | 'CgroupArray'
  | 'MapOfMaps'
  | 'RecordMap'
  | 'TaskStorage'
  | 'InodeStorage'
  | 'SkStorage'
  | 'CgrpStorage';

// By libbpf's names of the map types. All others have keys and values: the kernel says what else they refuse.
const FAMILIES: ReadonlyMap<string, MapFamily> = new Map([
  ['array', 'BpfArray'],
  ['percpu_array', 'BpfArray'],
  ['queue', 'BpfQueue'],
  ['stack', 'BpfQueue'],
  ['bloom_filter', 'BpfBloomFilter'],
  ['prog_array', 'ProgArray'],
  ['cgroup_array', 'CgroupArray'],
  ['array_of_maps', 'MapOfMaps'],
  ['hash_of_maps', 'MapOfMaps'],
  ['ringbuf', 'RecordMap'],
  ['user_ringbuf', 'RecordMap'],
  ['perf_event_array', 'RecordMap'],
  ['task_storage', 'TaskStorage'],
  ['inode_storage', 'InodeStorage'],
  ['sk_storage', 'SkStorage'],
  ['cgrp_storage', 'CgrpStorage'],
]);

/** The class for maps of a type, by libbpf's name of the type. */
export function familyOf(type: string): MapFamily {
  return FAMILIES.get(type) ?? 'BpfMap';
}

/** What to do with maps of a class, for those who tried something else. */
export const USES: Readonly<Record<MapFamily, string>> = {
  BpfMap: 'use get, set, delete, take or entries of a BpfMap',
  BpfArray: 'its elements are always there: use get, set or entries of a BpfArray',
  BpfQueue: 'it has no keys: use push, pop or peek of a BpfQueue',
  BpfBloomFilter: 'it only tells whether it may have a value: use add or mightHave of a BpfBloomFilter',
  ProgArray: 'its slots hold programs: use set, delete or idOf of a ProgArray',
  CgroupArray:
    'its slots hold cgroups, and only programs can look at them: use set or delete of a CgroupArray',
  MapOfMaps: 'its elements are maps: use set, delete, idOf or open of a MapOfMaps',
  RecordMap:
    'it carries records and has no keys: use new RingBuffer(map), new PerfBuffer(map) or new UserRingBuffer(map)',
  TaskStorage:
    'its values belong to tasks: use get, set or delete of a TaskStorage with a process or thread id',
  InodeStorage: 'its values belong to inodes: use get, set or delete of an InodeStorage with a path',
  SkStorage: 'its values belong to sockets: use get, set or delete of an SkStorage with a file descriptor',
  CgrpStorage: 'its values belong to cgroups: use get, set or delete of a CgrpStorage with a cgroup path',
};
