import type { BpfError } from '../../errors.js';
import { badDescriptor, LocalStorage } from './local-storage.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/**
 * A value for each socket (BPF_MAP_TYPE_SK_STORAGE), which programs find by bpf_sk_storage_get(). A socket is named by
 * its file descriptor in this process: Node has that of a `net.Socket` as `socket._handle.fd`.
 *
 * Calls throw `EBADF` or `ENOTSOCK` for a file descriptor that is no socket.
 *
 * Linux 5.2; net/core/bpf_sk_storage.c.
 */
export class SkStorage<Value = unknown> extends LocalStorage<number, Value> {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'SkStorage', 'the file descriptor of a socket');
  }

  /** Opens a socket storage that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): SkStorage<Value> {
    return new SkStorage<Value>(openPinnedMap(path, options));
  }

  /** Opens a socket storage by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): SkStorage<Value> {
    return new SkStorage<Value>(openMapById(id, options));
  }

  /** @internal */
  protected explainOwner(owner: number, error: BpfError): BpfError | undefined {
    return badDescriptor(owner, error, 'socket');
  }
}
