import type { BpfError } from '../../errors.js';
import { badDescriptor, LocalStorage } from './local-storage.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/**
 * A value for each inode (BPF_MAP_TYPE_INODE_STORAGE), which programs find by bpf_inode_storage_get(). An inode is named
 * by a path, which follows symbolic links and opens nothing, or by a file descriptor.
 *
 * The value goes with the kernel's memory of the inode, which may forget a file that nobody has open: keep a file
 * descriptor of it for as long as the value must last.
 *
 * Calls throw `ENOENT` and its like for a path, `EBADF` for a file descriptor that is not open.
 *
 * Linux 5.10, with `bpf` among the active LSMs: without, the kernel makes no such map (`EOPNOTSUPP`);
 * kernel/bpf/bpf_inode_storage.c.
 */
export class InodeStorage<Value = unknown> extends LocalStorage<string | number, Value> {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'InodeStorage', 'a path or a file descriptor');
  }

  /** Opens an inode storage that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): InodeStorage<Value> {
    return new InodeStorage<Value>(openPinnedMap(path, options));
  }

  /** Opens an inode storage by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): InodeStorage<Value> {
    return new InodeStorage<Value>(openMapById(id, options));
  }

  /** @internal */
  protected explainOwner(owner: string | number, error: BpfError): BpfError | undefined {
    return badDescriptor(owner, error, 'open file');
  }
}
