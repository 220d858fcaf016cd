import { BpfError, rephrase } from '../errors.js';
import { native, type ProgramHandle } from '../native.js';
import { attachProgram } from './attach.js';
import type { AttachOptions } from './attach-options.js';
import { assertGuaranteed } from './cgroup-guarantee.js';
import { Link } from './link.js';
import { preparePinPath } from './pin-path.js';
import { askedDetails, hookOfProgram, type ProgramDetails } from './program-kind.js';

export { hookOf } from './program-kind.js';

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
  /** The id of the BTF object with the function it was loaded for, 1 for the kernel's own; 0 for none. */
  attachBtfObjectId: number;
  /** The BTF id of that function; 0 for none. */
  attachBtfId: number;
  /** Instructions the verifier walked through (Linux 5.16). */
  verifiedInstructions: number;
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
  /** The function or tracepoint it attaches to, where that is known: `bpf_lsm_file_open`, `do_unlinkat`. */
  readonly target: string | undefined;
  /** libbpf's name of the attach type it was loaded for, such as `lsm_mac`; undefined where it is not known. */
  readonly attachType: string | undefined;
  /** @internal */
  readonly handle: ProgramHandle;
  readonly #details: ProgramDetails;

  /** @internal */
  constructor(handle: ProgramHandle, details: ProgramDetails) {
    this.handle = handle;
    this.#details = details;
    this.name = details.name;
    this.type = details.type;
    this.section = details.section;
    this.hook = hookOfProgram(details);
    this.target = details.target;
    this.attachType = details.attachType;
  }

  /**
   * Opens a program that was pinned. The kernel does not tell what it was loaded for, but can be asked: programs of
   * LSM and cgroup types attach as if they were just loaded, tracing programs and iterators too; `raw_tp/` and
   * `tracepoint/` programs if attach() is told the target; kprobes do not.
   *
   * @param path - the pin's path on a bpffs
   * @throws BpfError `ENOENT`, `EACCES`, or `ERR_BPF_WRONG_KIND` when it pins something else
   */
  static open(path: string): BpfProgram {
    const handle = native().programOpenPinned(path);
    return new BpfProgram(handle, askedDetails(handle));
  }

  /** @throws BpfError `ERR_BPF_CLOSED` */
  info(): ProgramInfo {
    return native().programInfo(this.handle);
  }

  /**
   * Attaches the program where it was loaded for: as its section name says, unless that was changed before load. An
   * `lsm/` program is consulted by the kernel for every process from the moment this returns.
   *
   * Of several programs on one hook the newest is asked first, and the first that denies ends it: older ones are not
   * asked then. Kernel programs that are attached so never miss a call; what they cannot see is what an earlier LSM
   * has denied already.
   *
   * @returns the link that keeps it attached
   * @throws BpfError `ERR_BPF_INACTIVE` when this kernel would not consult it, with the fix; `EBUSY` when this
   *   very program is attached already; `E2BIG` when the hook is full (38 programs on Linux 6.1 and 6.12, 36 on
   *   x86-64 Linux 7.3), or the cgroup (64 of an attach type or hook); `EINVAL` for an `lsm_cgroup/` program on an
   *   eleventh hook; `EEXIST` when it is attached to this cgroup already (seen with CAP_NET_ADMIN);
   *   `ERR_BPF_CGROUP_GONE`, `EBADF` for a cgroup that is none; `ESTALE` when another revision was expected;
   *   `ERR_BPF_ARGUMENT` for an option that is missing or of no use; `ERR_BPF_NOT_SUPPORTED` for a kind that is not
   *   attached, or an order on a kernel without; `ERR_BPF_CLOSED`
   */
  attach(options: AttachOptions = {}): Link {
    return new Link(attachProgram(this.handle, this.#details, options));
  }

  /** Refuses what {@link AttachOptions.guaranteed} would refuse. @internal */
  assertGuaranteed(): void {
    assertGuaranteed(this.handle, this.#details, {});
  }

  /**
   * Runs a program of a type that the kernel runs on demand, SYSCALL (Linux 5.14) among them; LSM programs are not.
   *
   * @param context - the program's argument, which it may change in place
   * @returns what the program returned
   * @throws BpfError `ENOTSUPP` for a program type that cannot be run so, `ERR_BPF_CLOSED`
   */
  run(context: Uint8Array = new Uint8Array(0)): number {
    return this.#describeFailure(() => native().programTestRun(this.handle, context));
  }

  /**
   * Pins the program, not its attachment, to a path on a bpffs.
   *
   * @throws BpfError `EEXIST`, `ERR_BPF_NOT_BPFFS`, `ERR_BPF_CLOSED`
   */
  pin(path: string): void {
    native().programPin(this.handle, preparePinPath(path));
  }

  /** Gives up this descriptor. Links keep the program alive; closing twice is fine. */
  close(): void {
    native().programClose(this.handle);
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
}

const HINTS: Readonly<Record<string, string>> = {
  ENOTSUPP: 'this kernel cannot do that for this type of program',
};
