import { assertOptions, BpfError, rephrase } from '../errors.js';
import { type NativeProgramSpec, native, type ObjectHandle, type ProgramHandle } from '../native.js';
import { assertConsulted } from './consulted.js';
import { Link } from './link.js';
import { preparePinPath } from './pin-path.js';

/** What the kernel says of a loaded program. */
export interface ProgramInfo {
  /** The program's id, as `bpftool prog` shows it. */
  id: number;
  /** The name, cut to 15 characters by the kernel. */
  name: string;
  /** A hash over the instructions, in hex. */
  tag: string;
  /** libbpf's name of the program type, such as `lsm`. */
  type: string;
  createdByUid: number;
  /** When it was loaded, in nanoseconds since boot (CLOCK_BOOTTIME). */
  loadTimeNs: bigint;
  /** How often it ran, and for how many nanoseconds; counted only while kernel.bpf_stats_enabled is 1. */
  runCount: bigint;
  runTimeNs: bigint;
  /** BTF id of the kernel function it was loaded for; 0 for none. */
  attachBtfId: number;
  /** Instructions the verifier walked through (Linux 5.16). */
  verifiedInstructions: number;
}

/** How to attach a program. */
export interface AttachOptions {
  /**
   * Attach an LSM program although it would not be consulted, because `bpf` is not an active LSM. Default false:
   * such an attachment is refused. While kernel.ftrace_enabled is 0 it is refused in any case.
   */
  allowInactive?: boolean;
  /** What bpf_get_attach_cookie() gives in an `lsm/` program. Default 0. */
  cookie?: bigint;
  /** The cgroup v2 directory, for programs that attach to one: `lsm_cgroup/`, `cgroup/`, `cgroup_skb/`, `sockops`. */
  cgroup?: string;
}

// enum bpf_attach_type
const BPF_LSM_CGROUP = 43;
const CGROUP_PROGRAM = /^(lsm_cgroup|cgroup|cgroup_skb|sockops)(\/|$)/;

/** The LSM hook in a section name such as `lsm.s/bprm_check_security`; undefined for other programs. */
export function hookOf(section: string): string | undefined {
  return /^(?:lsm|lsm\.s|lsm_cgroup)\/(\w+)$/.exec(section)?.[1];
}

/**
 * A loaded program. It holds a file descriptor until {@link BpfProgram.close}, or until its object is closed.
 *
 * Linux 5.7 (BPF_PROG_TYPE_LSM); kernel/bpf/bpf_lsm.c.
 */
export class BpfProgram implements Disposable {
  /** The C function's name. */
  readonly name: string;
  /** libbpf's name of the program type, such as `lsm` or `syscall`. */
  readonly type: string;
  /** The ELF section, which names the hook: `lsm/file_open`. Undefined for a program opened from a pin. */
  readonly section: string | undefined;
  /** The LSM hook, such as `file_open`; undefined for other programs. */
  readonly hook: string | undefined;
  readonly #handle: ProgramHandle;
  readonly #object: ObjectHandle | undefined;
  readonly #attachType: number;

  /** @internal */
  constructor(handle: ProgramHandle, spec?: NativeProgramSpec, object?: ObjectHandle) {
    this.#handle = handle;
    this.#object = object;
    this.#attachType = spec?.attachType ?? 0;
    this.section = spec?.section;
    this.hook = spec && hookOf(spec.section);
    const { name, type } = spec ?? native().programInfo(handle);
    this.name = name;
    this.type = type;
  }

  /**
   * Opens a program that was pinned. What it was loaded for is not told by the kernel in full, so an `lsm/`
   * program opened so can be attached, and programs of other types cannot.
   *
   * @param path - the pin's path on a bpffs
   * @throws BpfError `ENOENT`, `EACCES`, or `ERR_BPF_WRONG_KIND` when it pins something else
   */
  static open(path: string): BpfProgram {
    return new BpfProgram(native().programOpenPinned(path));
  }

  /** @internal */
  get handle(): ProgramHandle {
    return this.#handle;
  }

  /** @throws BpfError `ERR_BPF_CLOSED` */
  info(): ProgramInfo {
    return native().programInfo(this.#handle);
  }

  /**
   * Attaches the program where its section name says. An `lsm/` program is consulted by the kernel for every
   * process from the moment this returns.
   *
   * @returns the link that keeps it attached
   * @throws BpfError `ERR_BPF_INACTIVE` when this kernel would not consult it, with the fix; `EBUSY` when this
   *   very program is attached already; `E2BIG` when the hook is full (38 programs on Linux 6.1 and 6.12, 36 on
   *   x86-64 Linux 7.3); `ERR_BPF_ARGUMENT` when a cgroup program gets no cgroup; `ERR_BPF_CLOSED`
   */
  attach(options: AttachOptions = {}): Link {
    assertOptions(options, 'attach()');
    const { allowInactive = false, cookie = 0n, cgroup } = options;
    if (this.type !== 'lsm') return this.#attachElsewhere(cgroup);
    assertConsulted(this.name, this.hook ?? 'its hook', allowInactive);
    if (this.#attachType === BPF_LSM_CGROUP) return this.#attachToCgroup(cgroup);
    if (cgroup !== undefined) {
      throw this.#error('ERR_BPF_ARGUMENT', 'takes no cgroup', 'use a program in a section lsm_cgroup/...');
    }
    return this.#describeFailure(() => new Link(native().linkAttachLsm(this.#handle, cookie)));
  }

  #attachElsewhere(cgroup: string | undefined): Link {
    if (CGROUP_PROGRAM.test(this.section ?? '')) return this.#attachToCgroup(cgroup);
    const object = this.#object;
    if (!object) {
      throw this.#error(
        'ERR_BPF_ARGUMENT',
        `is of type ${this.type} and was opened from a pin, which does not tell where it attaches`,
      );
    }
    return this.#describeFailure(() => new Link(native().linkAttachAsDeclared(object, this.name)));
  }

  #attachToCgroup(cgroup: string | undefined): Link {
    if (cgroup === undefined)
      throw this.#error('ERR_BPF_ARGUMENT', 'attaches to a cgroup', 'pass attach({ cgroup: path })');
    return this.#describeFailure(
      () => new Link(native().linkAttachCgroup(this.#handle, cgroup, this.#attachType)),
    );
  }

  /**
   * Runs a program of a type that the kernel runs on demand, SYSCALL (Linux 5.14) among them; LSM programs are not.
   *
   * @param context - the program's argument, which it may change in place
   * @returns what the program returned
   * @throws BpfError `ENOTSUPP` for a program type that cannot be run so, `ERR_BPF_CLOSED`
   */
  run(context: Uint8Array = new Uint8Array(0)): number {
    return this.#describeFailure(() => native().programTestRun(this.#handle, context));
  }

  /**
   * Pins the program, not its attachment, to a path on a bpffs.
   *
   * @throws BpfError `EEXIST`, `ERR_BPF_NOT_BPFFS`, `ERR_BPF_CLOSED`
   */
  pin(path: string): void {
    native().programPin(this.#handle, preparePinPath(path));
  }

  /** Gives up this descriptor. Links keep the program alive; closing twice is fine. */
  close(): void {
    native().programClose(this.#handle);
  }

  /** Closes it at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #describeFailure<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.errno === undefined) throw cause;
      const { name: program, hook } = this;
      throw rephrase(cause, `program "${program}": ${cause.message}`, {
        program,
        hook,
        hint: HINTS[cause.code],
      });
    }
  }

  #error(code: string, what: string, hint?: string): BpfError {
    return new BpfError(`program "${this.name}" ${what}`, {
      code,
      reason: 'input',
      program: this.name,
      hook: this.hook,
      hint,
    });
  }
}

const HINTS: Readonly<Record<string, string>> = {
  EBUSY: 'it is attached already: close its link first, or load the object once more for a second attachment',
  E2BIG: 'the hook is full (38 programs on Linux 6.1 and 6.12, 36 on x86-64 Linux 7.3): detach one first',
  ENOTSUPP: 'this kernel cannot do that for this type of program',
};
