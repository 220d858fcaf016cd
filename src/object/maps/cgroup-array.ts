import { assertOptions, BpfError, rephrase } from '../../errors.js';
import { native } from '../../native.js';
import { AnyMap } from './any-map.js';
import { type CreateOptions, createMap } from './create-map.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';
import { indexBytes } from './slots.js';

/**
 * An array of cgroups, for programs that ask whether a task is below one of them
 * (bpf_current_task_under_cgroup()). Processes can set its slots and not look at them.
 *
 * Linux 4.8; kernel/bpf/arraymap.c cgroup_array_map_ops.
 */
export class CgroupArray extends AnyMap {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'CgroupArray');
  }

  /** Opens a cgroup array that was pinned; see {@link BpfMap.open}. */
  static open(path: string, options?: MapOpenOptions): CgroupArray {
    return new CgroupArray(openPinnedMap(path, options));
  }

  /** Opens a cgroup array by its id; see {@link BpfMap.openById}. */
  static openById(id: number, options?: MapOpenOptions): CgroupArray {
    return new CgroupArray(openMapById(id, options));
  }

  /** Makes a cgroup array; see {@link BpfMap.create}. */
  static create(definition: CreateOptions): CgroupArray {
    assertOptions(definition, 'CgroupArray.create()');
    return new CgroupArray(createMap({ ...definition, type: 'cgroup_array', keySize: 4, valueSize: 4 }));
  }

  /** How many slots it has. */
  get length(): number {
    return this.maxEntries;
  }

  /**
   * Puts a cgroup into a slot. The array keeps the cgroup as a kernel object, also when its directory is removed.
   *
   * @param cgroup - its directory, below `/sys/fs/cgroup`
   * @throws BpfError `ENOENT`, `EBADF` when the directory is no cgroup of version 2, `E2BIG` when there is no such slot,
   *   `ERR_BPF_VALUE_RANGE`, `ERR_BPF_CLOSED`
   */
  set(index: number, cgroup: string): void {
    indexBytes(this, index);
    try {
      native().mapSetCgroup(this.handle, index, cgroup);
    } catch (cause) {
      throw noCgroup(cause, cgroup) ?? this.explained(cause);
    }
  }

  /** Empties a slot. @returns whether a cgroup was there */
  delete(index: number): boolean {
    const element = indexBytes(this, index);
    try {
      return this.elements.delete(element);
    } catch (cause) {
      throw this.explained(cause);
    }
  }
}

/** The failure of a directory that is no cgroup, which the kernel calls a bad file descriptor. */
export function noCgroup(cause: unknown, cgroup: unknown): BpfError | undefined {
  if (!(cause instanceof BpfError) || cause.code !== 'EBADF' || typeof cgroup !== 'string') return undefined;
  return rephrase(cause, `${cgroup} is no cgroup of version 2: ${cause.message}`, {
    reason: 'input',
    path: cgroup,
    hint: 'use a directory below /sys/fs/cgroup, where cgroup2 is mounted',
  });
}
