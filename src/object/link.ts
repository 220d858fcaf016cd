import { createReadStream, renameSync, unlinkSync } from 'node:fs';
import { assertOptions, BpfError } from '../errors.js';
import { type LinkHandle, native } from '../native.js';
import { explainLinkFailure } from './link-failure.js';
import { type LinkInfo, readLinkInfo } from './link-info.js';
import { type ReplaceOptions, replaceLink } from './link-replace.js';
import { assertFitsLink, assertProgram } from './link-update.js';
import { livingLinks } from './living-links.js';
import { preparePinPath } from './pin-path.js';
import type { BpfProgram } from './program.js';

/**
 * A program's attachment to a hook: while it exists, the kernel consults the program.
 *
 * A link lives until {@link Link.close}, `using`, or the end of the process (of the worker thread, for a link
 * made there); never does the garbage collector end one. {@link Link.pin} makes it outlive the process. Its file
 * descriptor is close-on-exec: children do not inherit it.
 *
 * Linux 5.7 (BPF_LINK_CREATE), tracing links 5.11, perf event links 5.15; kernel/bpf/syscall.c link_create().
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
    livingLinks.add(this);
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

  /**
   * Opens any link of the host by its id, as `bpftool link` shows it. While it is open here, it stays attached.
   *
   * Linux 5.8 (BPF_LINK_GET_FD_BY_ID); kernel/bpf/syscall.c bpf_link_get_fd_by_id().
   *
   * @throws BpfError `ENOENT` when there is no such link, `EPERM` without CAP_SYS_ADMIN
   */
  static openById(id: number): Link {
    try {
      return new Link(native().linkOpenById(id));
    } catch (cause) {
      throw cause instanceof BpfError ? explainLinkFailure(`link ${id}`, 'opened', cause) : cause;
    }
  }

  /** @internal */
  get handle(): LinkHandle {
    return this.#handle;
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

  /**
   * What the kernel says of the link now; which fields there are, depends on its `type`.
   *
   * Linux 5.8 (BPF_OBJ_GET_INFO_BY_FD); kernel/bpf/syscall.c bpf_link_get_info_by_fd().
   *
   * @throws BpfError `ERR_BPF_CLOSED`
   */
  info(): LinkInfo {
    return readLinkInfo(this.#handle);
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
    const path = this.#assertOwnPin();
    unlinkSync(path);
    this.#pinPath = undefined;
  }

  /**
   * Puts another program in the place of the attached one, at once: no call is judged by neither or by both. The
   * kernel has this for programs on cgroups and for iterators; for `lsm/` programs there is {@link Link.replace}.
   *
   * On a cgroup link the program must have been loaded for the same attach type, and an `lsm_cgroup/` program for
   * the same hook: the kernel itself would take an `lsm/` program here, whose verdicts mean the opposite.
   *
   * Linux 5.7 (BPF_LINK_UPDATE); kernel/bpf/cgroup.c cgroup_bpf_replace().
   *
   * @param options - `expectedOld`: update only if this is the attached program
   * @throws BpfError `ERR_BPF_NOT_SUPPORTED` for a link that the kernel cannot update, `ERR_BPF_ARGUMENT` for a
   *   program that does not fit, `EPERM` when another program than `expectedOld` is attached, `ENOLINK` when the
   *   cgroup is gone, `ERR_BPF_CLOSED`
   */
  update(program: BpfProgram, options: { expectedOld?: BpfProgram } = {}): void {
    assertOptions(options, 'update()');
    const { expectedOld } = options;
    assertProgram(program, 'update()');
    if (expectedOld !== undefined) assertProgram(expectedOld, 'expectedOld of update()');
    const info = this.info();
    assertFitsLink(program, info);
    try {
      native().linkUpdate(this.#handle, program.handle, expectedOld?.handle);
    } catch (cause) {
      throw cause instanceof BpfError ? explainLinkFailure(info, 'updated', cause) : cause;
    }
  }

  /**
   * Puts another program in the place of an `lsm/`, `fentry/`, `fexit/` or `fmod_ret/` program, without a moment in
   * which neither is attached. The kernel cannot exchange these, so the new one is attached beside the old one,
   * then shown to run, and only then the old one goes. If this link is pinned, the new one takes over the pin, by
   * a rename: the path always leads to one of the two.
   *
   * While both are attached, both are asked, the new one first, and either can deny. So what the new program allows
   * and the old one denies is denied until the old one is gone. Both together count against the limit of the hook
   * (36 to 38 programs); the old one stays attached as long as another process or another pin holds its link.
   *
   * @param program - loaded for the same function as the attached one
   * @param options - how to show that the new program runs: required
   * @returns the link of the new program; this one is closed
   * @throws BpfError `ERR_BPF_NOT_VERIFIED` when the new program was not shown to run, `ERR_BPF_ARGUMENT` for a
   *   program of another function, and what {@link BpfProgram.attach} throws. The old program is attached as
   *   before then, and the new one is not.
   */
  async replace(program: BpfProgram, options: ReplaceOptions): Promise<Link> {
    return replaceLink(this, program, options);
  }

  /**
   * Detaches the program, whoever else holds or has pinned the link. The link stays as an empty shell, to be closed.
   *
   * Linux 5.9 (BPF_LINK_DETACH), for programs on cgroups; kernel/bpf/cgroup.c bpf_cgroup_link_detach().
   *
   * @throws BpfError `ERR_BPF_NOT_SUPPORTED` for a link that can only be closed, `ERR_BPF_CLOSED`
   */
  detach(): void {
    try {
      native().linkDetach(this.#handle);
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.errno === undefined) throw cause;
      throw explainLinkFailure(this.info(), 'detached', cause);
    }
  }

  /**
   * Walks over what an `iter/` program shows, as text in pieces of any length. Each call is a walk of its own.
   *
   * ```ts
   * for await (const piece of link.read()) process.stdout.write(piece);
   * ```
   *
   * Linux 5.8 (BPF_ITER_CREATE); kernel/bpf/bpf_iter.c.
   *
   * @throws BpfError `ERR_BPF_NOT_SUPPORTED` when this is the link of another kind of program, `ERR_BPF_CLOSED`
   */
  async *read(): AsyncIterable<string> {
    const fd = this.#startIterator();
    try {
      yield* createReadStream('', { fd, encoding: 'utf8' }) as AsyncIterable<string>;
    } catch (cause) {
      const { code = 'EIO', errno, syscall } = cause as NodeJS.ErrnoException;
      throw new BpfError(`the iterator of link ${this.#id} failed: ${(cause as Error).message}`, {
        code,
        errno,
        syscall,
        cause,
      });
    }
  }

  /** All that {@link Link.read} gives. */
  async text(): Promise<string> {
    let text = '';
    for await (const piece of this.read()) text += piece;
    return text;
  }

  /**
   * Gives up this process's hold on the link. Unless it is pinned, or open elsewhere, the program is detached
   * before this returns. Closing twice is fine.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    livingLinks.delete(this);
    native().linkClose(this.#handle);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Hands the pin over to another link: its path leads to one of the two at any time. @internal */
  givePinTo(link: Link): void {
    const path = this.#assertOwnPin();
    const beside = `${path}-${link.id}`;
    link.pin(beside);
    try {
      renamePin(beside, path);
    } catch (cause) {
      link.unpin();
      throw cause;
    }
    link.#pinPath = path;
    this.#pinPath = undefined;
  }

  /** Where it is pinned, which is no other link's path by now. */
  #assertOwnPin(): string {
    const path = this.#pinPath;
    if (path === undefined) throw new BpfError(`link ${this.#id} is not pinned`, { code: 'ERR_BPF_STATE' });
    const pinned = native().linkOpenPinned(path);
    const { id } = native().linkInfo(pinned);
    native().linkClose(pinned);
    if (id === this.#id) return path;
    throw new BpfError(`${path} pins link ${id} by now, not link ${this.#id}`, {
      code: 'ERR_BPF_STATE',
      path,
    });
  }

  #startIterator(): number {
    try {
      return native().linkIterate(this.#handle);
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.errno === undefined) throw cause;
      throw explainLinkFailure(this.info(), 'read', cause);
    }
  }
}

// kernel/bpf/inode.c bpf_dir_iops: a rename replaces what is there, in one step.
function renamePin(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`cannot move a pin: ${message}`, { code, errno, syscall: 'rename', path: to, cause });
  }
}
