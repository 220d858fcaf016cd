import { type BpfError, rephrase } from '../../errors.js';
import { LocalStorage } from './local-storage.js';
import { type MapOpenOptions, type MapSource, openMapById, openPinnedMap } from './map-source.js';

/**
 * A value for each task (BPF_MAP_TYPE_TASK_STORAGE), which programs find by bpf_task_storage_get(). A task is a thread:
 * the id of a process names its main thread.
 *
 * Calls throw `ESRCH` when there is no such task, and `EOPNOTSUPP` (reason `kernel`) for a thread beside the main one of
 * its process before Linux 6.9, which opens pidfds of main threads only.
 *
 * Linux 5.11; kernel/bpf/bpf_task_storage.c.
 */
export class TaskStorage<Value = unknown> extends LocalStorage<number, Value> {
  /** @internal */
  constructor(source: MapSource) {
    super(source, 'TaskStorage', 'a process or thread id');
  }

  /** Opens a task storage that was pinned; see {@link BpfMap.open}. */
  static open<Value = unknown>(path: string, options?: MapOpenOptions): TaskStorage<Value> {
    return new TaskStorage<Value>(openPinnedMap(path, options));
  }

  /** Opens a task storage by its id; see {@link BpfMap.openById}. */
  static openById<Value = unknown>(id: number, options?: MapOpenOptions): TaskStorage<Value> {
    return new TaskStorage<Value>(openMapById(id, options));
  }

  /** @internal */
  protected explainOwner(owner: number, error: BpfError): BpfError | undefined {
    if (error.code === 'ESRCH') {
      return rephrase(error, `there is no task ${owner}: ${error.message}`, {
        reason: 'input',
        map: this.name,
      });
    }
    if (error.code !== 'EOPNOTSUPP' || error.syscall !== 'pidfd_open') return undefined;
    return rephrase(error, error.message, {
      reason: 'kernel',
      map: this.name,
      hint: 'this kernel opens main threads only (threads since Linux 6.9): use the id of the process, or let a program set the value',
    });
  }
}
