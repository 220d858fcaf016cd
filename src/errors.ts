/**
 * Why a call failed, in the terms a caller can act on: this kernel cannot do it, this libbpf cannot do it,
 * you may not do it, or what you passed is wrong.
 */
export type BpfErrorReason = 'kernel' | 'libbpf' | 'permission' | 'input';

/** What the kernel's verifier said of a program that it refused, read from its log. */
export interface VerifierFailure {
  /** Which of the two forms the log has: `classic`, or with `sections` (for most failures since Linux 7.3). */
  format: 'classic' | 'sections';
  /** Why the program was refused, in the verifier's words. */
  reason: string;
  /** Where it gave up; absent when it looked at none. The text is without the state of the registers. */
  instruction?: { index: number; text: string };
  /** The line of source of that instruction, where the object has line information; the place since Linux 6.9. */
  source?: { text: string; file?: string; line?: number };
  /** What the verifier suggests, since Linux 7.3. */
  suggestion?: string;
}

/** Facts about a failure, for programs; {@link BpfError} carries them as properties. */
export interface BpfErrorFields {
  /**
   * What callers match on: an errno name as the kernel spells it (`EPERM`, `ENOTSUPP`), a libbpf error name
   * (`LIBBPF_ERRNO__FORMAT`), or one of this library's own names, which begin with `ERR_BPF_`.
   */
  code: string;
  /** The negative errno, as Node's system errors have it; absent when no system call failed. */
  errno?: number | undefined;
  /** The call that failed, such as `bpf(BPF_PROG_LOAD)`. */
  syscall?: string | undefined;
  /** Which of the three noes, or bad input; absent when it could not be told. */
  reason?: BpfErrorReason | undefined;
  /** The program concerned, by its C function name. */
  program?: string | undefined;
  /** The LSM hook concerned, without the `bpf_lsm_` prefix. */
  hook?: string | undefined;
  /** The map concerned, by its name in the object. */
  map?: string | undefined;
  /** The file, bpffs or cgroup path concerned. */
  path?: string | undefined;
  /** What the verifier said, if it was the verifier that refused a program. */
  verifier?: VerifierFailure | undefined;
  /** The kernel verifier's log, whole. */
  verifierLog?: string | undefined;
  /** What libbpf said while the call ran, whole. */
  libbpfLog?: string | undefined;
  /** Of a batch: how many elements were done before the one that failed. */
  done?: number | undefined;
  /** What to do about it, in one sentence; also the end of the message. */
  hint?: string | undefined;
  /** The error underneath, if this one explains another. */
  cause?: unknown;
}

/**
 * Every error this library throws on its own account.
 *
 * The message is for people: what failed, on what, why, and what to do. The properties are for programs; match
 * on `code`.
 */
export class BpfError extends Error {
  declare readonly code: string;
  declare readonly errno?: number;
  declare readonly syscall?: string;
  declare readonly reason?: BpfErrorReason;
  declare readonly program?: string;
  declare readonly hook?: string;
  declare readonly map?: string;
  declare readonly path?: string;
  declare readonly verifier?: VerifierFailure;
  declare readonly verifierLog?: string;
  declare readonly libbpfLog?: string;
  declare readonly done?: number;
  declare readonly hint?: string;

  /**
   * @param message - what failed, on what and why; `fields.hint` is appended to it
   * @param fields - the same as data
   */
  constructor(message: string, fields: BpfErrorFields) {
    const { cause, hint } = fields;
    super(hint ? `${message}; ${hint}` : message, cause === undefined ? undefined : { cause });
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined && name !== 'cause') {
        // The logs can run to megabytes: there for whoever asks, but not printed with every stack trace.
        const enumerable = name !== 'verifierLog' && name !== 'libbpfLog';
        Object.defineProperty(this, name, { value, enumerable, configurable: true, writable: false });
      }
    }
  }

  static {
    Object.defineProperty(BpfError.prototype, 'name', {
      value: 'BpfError',
      configurable: true,
      writable: true,
    });
  }
}

/** Refuses what plain JavaScript may pass for options: null, a number, a name. @internal */
export function assertOptions(options: unknown, of: string): void {
  if (typeof options === 'object' && options !== null) return;
  const given = options === null ? 'null' : `a ${typeof options}`;
  throw new BpfError(`the options of ${of} must be an object, not ${given}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

/**
 * The same failure in other words: a new message and further fields, the old error as its cause. The hint stays,
 * unless `fields` has one or says that there is none.
 */
export function rephrase(error: BpfError, message: string, fields: Partial<BpfErrorFields> = {}): BpfError {
  const { code, errno, syscall, reason, program, hook, map, path, hint } = error;
  const { verifier, verifierLog, libbpfLog, done } = error;
  // Most new messages quote the old one, which ends with its hint already.
  const quoted = hint !== undefined && message.endsWith(`; ${hint}`);
  return new BpfError(quoted ? message.slice(0, -`; ${hint}`.length) : message, {
    code,
    errno,
    syscall,
    reason,
    program,
    hook,
    map,
    path,
    verifier,
    verifierLog,
    libbpfLog,
    done,
    hint,
    ...fields,
    cause: error,
  });
}
