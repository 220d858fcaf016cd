import type { BpfError } from '../../errors.js';
import { noCgroup } from './cgroup-array.js';
import { badDescriptor, LocalStorage } from './local-storage.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/**
 * A value for each cgroup (BPF_MAP_TYPE_CGRP_STORAGE), which programs find by bpf_cgrp_storage_get(). A cgroup is named
 * by its directory below `/sys/fs/cgroup`, or by a file descriptor of that.
 *
 * Calls throw `ENOENT` and its like for a path, `EBADF` for what is no cgroup of version 2.
 *
 * Linux 6.2; kernel/bpf/bpf_cgrp_storage.c.
 */
export class CgrpStorage<Value = unknown> extends LocalStorage<string | number, Value> {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'CgrpStorage', 'the directory of a cgroup or a file descriptor of it');
  }

  /** Opens a cgroup storage that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): CgrpStorage<Value> {
    return new CgrpStorage<Value>(openPinnedMap(path, options));
  }

  /** Opens a cgroup storage by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): CgrpStorage<Value> {
    return new CgrpStorage<Value>(openMapById(id, options));
  }

  /** @internal */
  protected explainOwner(owner: string | number, error: BpfError): BpfError | undefined {
    return noCgroup(error, owner) ?? badDescriptor(owner, error, 'cgroup');
  }
}
