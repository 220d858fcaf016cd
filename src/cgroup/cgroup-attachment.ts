import { rmSync } from 'node:fs';
import { BpfError } from '../errors.js';
import { Link } from '../object/index.js';
import type { Cgroup } from './cgroup.js';
import type { Gate } from './gate.js';
import type { HookCarrier } from './hook-carriers.js';

/** What an attachment is made of. @internal */
export interface AttachmentParts {
  object: object;
  program: string;
  hook: string;
  cgroup: Cgroup;
  carrier: HookCarrier;
  link: Link;
  /** Of a gated program. */
  gate?: Gate;
}

// An attachment that is dropped would end enforcement, so the garbage collector never gets one.
const living = new Set<CgroupAttachment>();

/**
 * A program on a hook of a cgroup: while it exists, the kernel asks the program for that cgroup and for all below it.
 *
 * It lives until {@link CgroupAttachment.close}, `using`, or the end of the process; never does the garbage collector end
 * one. {@link CgroupAttachment.pin} makes it outlive the process.
 */
export class CgroupAttachment implements Disposable {
  /** The program, by the name it was attached by. */
  readonly program: string;
  /** The LSM hook, such as `socket_connect`. */
  readonly hook: string;
  /** The cgroup. */
  readonly cgroup: Cgroup;
  /** What brings the calls of the hook to the program, and whose cgroup decides. */
  readonly carrier: HookCarrier;
  /** The id of the link, as `bpftool link` shows it. Cgroups in one gate share a link. */
  readonly linkId: number;
  readonly #object: object;
  readonly #link: Link;
  readonly #gate: Gate | undefined;
  #pinned: Link | undefined;
  #closed = false;

  /** @internal */
  constructor(parts: AttachmentParts) {
    this.program = parts.program;
    this.hook = parts.hook;
    this.cgroup = parts.cgroup;
    this.carrier = parts.carrier;
    this.linkId = parts.link.id;
    this.#object = parts.object;
    this.#link = parts.link;
    this.#gate = parts.gate;
    living.add(this);
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Whether nothing is left to enforce: the cgroup was removed, or someone detached the program. It can only be closed.
   *
   * @throws BpfError `ERR_BPF_CLOSED`
   */
  get defunct(): boolean {
    const info = this.#link.info();
    return this.cgroup.removed || (info.type === 'cgroup' && info.defunct);
  }

  /** Where it is pinned; undefined when it is not pinned by this object. */
  get pinPath(): string | undefined {
    return this.#pinned?.pinPath;
  }

  /**
   * Pins it: it outlives this process, until it is unpinned. Missing directories are made with mode 0700.
   *
   * What is pinned is the link. Of a gated program the gate is pinned beside it, as `PATH_gate`; such a link stands for
   * every cgroup in the gate, so those that are attached when this process ends without closing them stay, too.
   *
   * @param path - an absolute path on a bpffs
   * @throws BpfError `EEXIST` when a path is taken, `ERR_BPF_NOT_BPFFS`, `ERR_BPF_STATE` when it is pinned already,
   *   `EPERM` without CAP_SYS_ADMIN, `ERR_BPF_CLOSED`; nothing is pinned then
   */
  pin(path: string): void {
    if (this.#pinned) throw this.#state(`is pinned to ${this.#pinned.pinPath} already`, 'unpin() it first');
    if (this.#closed) throw this.#state('is closed', undefined, 'ERR_BPF_CLOSED');
    // Each has its own pin of a link that others may share.
    const link = Link.openById(this.linkId);
    try {
      link.pin(path);
      this.#gate?.map.pin(gatePath(path));
    } catch (cause) {
      if (link.pinPath !== undefined) link.unpin();
      link.close();
      throw cause;
    }
    this.#pinned = link;
  }

  /**
   * Removes the pin, and that of the gate. The attachment itself goes on until {@link CgroupAttachment.close}.
   *
   * @throws BpfError `ERR_BPF_STATE` when it is not pinned, or the pin is another link's by now; `ERR_BPF_CLOSED`
   */
  unpin(): void {
    const pinned = this.#pinned;
    if (this.#closed) throw this.#state('is closed', undefined, 'ERR_BPF_CLOSED');
    if (pinned?.pinPath === undefined) throw this.#state('is not pinned');
    const path = pinned.pinPath;
    pinned.unpin();
    if (this.#gate) rmSync(gatePath(path), { force: true });
    pinned.close();
    this.#pinned = undefined;
  }

  /**
   * Ends this attachment, unless it is pinned: then this process lets go of it. The program is not asked for the cgroup
   * any more when this returns. Closing twice is fine.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    living.delete(this);
    if (!this.#gate) this.#link.close();
    else if (this.#pinned) this.#gate.leave(this.cgroup);
    else this.#gate.dismiss(this.cgroup);
    this.#pinned?.close();
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether it is this program of this object on this cgroup. @internal */
  is(object: object, program: string, cgroup: Cgroup): boolean {
    return this.#object === object && this.program === program && this.cgroup.id === cgroup.id;
  }

  #state(what: string, hint?: string, code = 'ERR_BPF_STATE'): BpfError {
    return new BpfError(`the attachment of program "${this.program}" to ${this.cgroup} ${what}`, {
      code,
      reason: 'input',
      program: this.program,
      hook: this.hook,
      path: this.cgroup.path,
      hint,
    });
  }
}

/** All that are not closed, in the order they were made. */
export function livingAttachments(): readonly CgroupAttachment[] {
  return [...living];
}

function gatePath(path: string): string {
  return `${path}_gate`;
}
