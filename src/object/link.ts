import { unlinkSync } from 'node:fs';
import { BpfError } from '../errors.js';
import { type LinkHandle, type NativeLinkInfo, native } from '../native.js';
import { preparePinPath } from './pin-path.js';

/** What the kernel says of a link. */
export interface LinkInfo {
  /** The link's id, as `bpftool link` shows it. */
  id: number;
  /** libbpf's name of the link type: `tracing` for `lsm/` programs, `cgroup` for cgroup programs. */
  type: string;
  /** The id of the attached program. */
  programId: number;
  /** libbpf's name of the attach type, such as `lsm_mac`; absent for links that are neither tracing nor cgroup. */
  attachType?: string;
  /** BTF id of the kernel function a tracing link is on; absent for other links. */
  targetBtfId?: number;
  /** The id of a cgroup link's cgroup; 0n once the cgroup is gone. Absent for other links. */
  cgroupId?: bigint;
}

// Links end enforcement when they are dropped, so the garbage collector never gets one: it stays here until
// close().
const living = new Set<Link>();

/**
 * A program's attachment to a hook: while it exists, the kernel consults the program.
 *
 * A link lives until {@link Link.close}, `using`, or the end of the process (of the worker thread, for a link
 * made there); never does the garbage collector end one. {@link Link.pin} makes it outlive the process. Its file
 * descriptor is close-on-exec: children do not inherit it.
 *
 * Linux 5.7 (BPF_LINK_CREATE), tracing links 5.11; kernel/bpf/syscall.c link_create().
 */
export class Link implements Disposable {
  readonly #handle: LinkHandle;
  readonly #id: number;
  #pinPath: string | undefined;
  #closed = false;

  /** @internal */
  constructor(handle: LinkHandle, pinPath?: string) {
    this.#handle = handle;
    this.#pinPath = pinPath;
    this.#id = native().linkInfo(handle).id;
    living.add(this);
  }

  /**
   * Opens a link that was pinned, by this process or another.
   *
   * @param path - the pin's path on a bpffs
   * @throws BpfError `ENOENT` when there is no such pin, `ERR_BPF_WRONG_KIND` when it pins something else,
   *   `EACCES` when you may not open it
   */
  static open(path: string): Link {
    return new Link(native().linkOpenPinned(path), path);
  }

  /** The link's id, as `bpftool link` shows it. */
  get id(): number {
    return this.#id;
  }

  /** Where {@link Link.pin} or {@link Link.open} pinned it; undefined when it is not pinned by this object. */
  get pinPath(): string | undefined {
    return this.#pinPath;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** @throws BpfError `ERR_BPF_CLOSED` */
  info(): LinkInfo {
    return describe(native().linkInfo(this.#handle));
  }

  /**
   * Pins the link: from now on it outlives this process, until it is unpinned. Missing directories are made with
   * mode 0700.
   *
   * @param path - an absolute path on a bpffs
   * @throws BpfError `EEXIST` when the path is taken, `ERR_BPF_NOT_BPFFS` when it is elsewhere,
   *   `ERR_BPF_STATE` when this link is pinned already, `ERR_BPF_CLOSED`
   */
  pin(path: string): void {
    if (this.#pinPath !== undefined) {
      throw new BpfError(`link ${this.#id} is pinned to ${this.#pinPath} already`, {
        code: 'ERR_BPF_STATE',
        path,
        hint: 'unpin() it first',
      });
    }
    const pin = preparePinPath(path);
    native().linkPin(this.#handle, pin);
    this.#pinPath = pin;
  }

  /**
   * Removes the pin. The link itself goes on until {@link Link.close}.
   *
   * @throws BpfError `ERR_BPF_STATE` when it is not pinned, or the pin is another link's by now
   */
  unpin(): void {
    const path = this.#pinPath;
    if (path === undefined) throw new BpfError(`link ${this.#id} is not pinned`, { code: 'ERR_BPF_STATE' });
    const pinned = native().linkOpenPinned(path);
    const { id } = native().linkInfo(pinned);
    native().linkClose(pinned);
    if (id !== this.#id) {
      throw new BpfError(`${path} pins link ${id} by now, not link ${this.#id}`, {
        code: 'ERR_BPF_STATE',
        path,
      });
    }
    unlinkSync(path);
    this.#pinPath = undefined;
  }

  /**
   * Gives up this process's hold on the link. Unless it is pinned, or open elsewhere, the program is detached
   * before this returns. Closing twice is fine.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    living.delete(this);
    native().linkClose(this.#handle);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function describe(info: NativeLinkInfo): LinkInfo {
  const { id, type, programId, attachType, targetBtfId, cgroupId } = info;
  return {
    id,
    type,
    programId,
    ...(attachType !== '' && { attachType }),
    ...(type === 'tracing' && { targetBtfId }),
    ...(type === 'cgroup' && { cgroupId }),
  };
}
