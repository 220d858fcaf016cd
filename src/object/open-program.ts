import { describeValue } from '../btf/index.js';
import { BpfError, rephrase } from '../errors.js';
import { type NativeProgramDeclaration, native, type ObjectHandle } from '../native.js';
import { hasAttachTarget } from './kernel-targets.js';
import { BpfProgram } from './program.js';
import {
  declaredDetails,
  hookOfProgram,
  type ProgramDetails,
  targetOf,
  withoutHookPrefix,
} from './program-kind.js';

/** A function of another program, for `freplace/`, `fentry/` and `fexit/` programs. */
export interface ProgramFunction {
  /** The program, loaded. */
  program: BpfProgram;
  /** The name of its function: a global one that is not inlined. Default: what the section names. */
  function?: string;
}

/** A program before load. */
export interface OpenProgram {
  readonly name: string;
  /** The ELF section, such as `lsm/file_open`. */
  readonly section: string;
  /** The LSM hook, such as `file_open`; undefined for other programs. */
  readonly hook: string | undefined;
  /** libbpf's name of the program type, such as `lsm`. */
  readonly type: string;
  /** Whether it may sleep, as its section says by `.s`: `lsm.s/`, `fentry.s/`, `iter.s/`. */
  readonly sleepable: boolean;
  /** Whether load() loads it; assign to change. Default true, for a section that begins with `?` false. */
  autoload: boolean;
  /**
   * Whether load() may do without it: when the kernel refuses it, the others are loaded all the same, and the loaded
   * object's `report` says why it is missing. Default false: what is refused fails load(). What you lack the
   * permission for fails in any case.
   */
  optional: boolean;
  /**
   * What it attaches to, if not to what its section says. A name of the kernel's: an LSM hook (`file_open` or
   * `bpf_lsm_file_open`), a function (`fentry/`, `fexit/`, `fmod_ret/`, `kprobe/`), a tracepoint (`tp_btf/`, `raw_tp/`,
   * `tracepoint/`); or the function of another program, which `freplace/` needs. A kernel function is looked up at
   * once. Undefined: what the section says.
   *
   * Linux 5.5; libbpf's bpf_program__set_attach_target().
   *
   * @throws BpfError (from an assignment) `ESRCH` when the kernel has no such function, `ERR_BPF_ARGUMENT`,
   *   `ERR_BPF_STATE`
   */
  attachTarget: string | ProgramFunction | undefined;
  /**
   * libbpf's name of the attach type it is loaded for, such as `lsm_mac` or `cgroup_inet4_connect`; assign to change.
   *
   * @throws BpfError (from an assignment) `ERR_BPF_ARGUMENT` for a name of none
   */
  expectedAttachType: string;
}

// include/uapi/linux/bpf.h BPF_F_SLEEPABLE
const SLEEPABLE = 1 << 4;

/** A program of an object that is open, with what it was told: load() may have to tell it again. @internal */
export class EditedProgram implements OpenProgram {
  readonly name: string;
  readonly section: string;
  readonly type: string;
  readonly sleepable: boolean;
  readonly #spec: NativeProgramDeclaration;
  readonly #object: ObjectHandle;
  readonly #assertOpen: () => void;
  #autoload: boolean;
  #optional = false;
  #attachTarget: string | ProgramFunction | undefined;
  #attachType: string;

  /** @param assertOpen - throws when the object can no longer be edited */
  constructor(object: ObjectHandle, spec: NativeProgramDeclaration, assertOpen: () => void) {
    this.#object = object;
    this.#spec = spec;
    this.#assertOpen = assertOpen;
    this.name = spec.name;
    this.section = spec.section;
    this.type = spec.type;
    this.sleepable = /^\??[a-z_]+\.s(\/|$)/.test(spec.section) || (spec.flags & SLEEPABLE) !== 0;
    this.#autoload = spec.autoload;
    this.#attachType = spec.attachTypeName;
  }

  get hook(): string | undefined {
    return hookOfProgram(this.details);
  }

  get autoload(): boolean {
    return this.#autoload;
  }

  set autoload(value) {
    this.#assertOpen();
    native().objectSetAutoload(this.#object, this.name, value);
    this.#autoload = value;
  }

  get optional(): boolean {
    return this.#optional;
  }

  set optional(value) {
    this.#assertOpen();
    if (typeof value !== 'boolean') throw this.#wrong('optional must be a boolean', value);
    this.#optional = value;
  }

  get attachTarget(): string | ProgramFunction | undefined {
    return this.#attachTarget ?? targetOf(this.section);
  }

  set attachTarget(value) {
    this.#assertOpen();
    if (typeof value === 'string') this.#assertExists(value);
    else if (value !== undefined) this.#tellProgramFunction(this.#object, value);
    this.#attachTarget = value;
  }

  get expectedAttachType(): string {
    return this.#attachType;
  }

  set expectedAttachType(value) {
    this.#assertOpen();
    this.#tellAttachType(this.#object, value);
    this.#attachType = value;
  }

  /** What it will be once it is loaded. */
  get details(): ProgramDetails {
    const target = this.#attachTarget;
    const name = typeof target === 'object' ? (target.function ?? targetOf(this.section)) : target;
    return { ...declaredDetails(this.#spec, name ?? targetOf(this.section)), attachType: this.#attachType };
  }

  /** How the file would declare it, had it been written for what it is loaded for. */
  get spec(): NativeProgramDeclaration {
    const [kind] = this.section.split('/');
    const { target } = this.details;
    const section = target === undefined ? this.section : `${kind}/${withoutHookPrefix(target)}`;
    return { ...this.#spec, section, attachTypeName: this.#attachType };
  }

  /** Tells an object that is about to be loaded, this one's or another from the same file, what this one was told. */
  tell(object: ObjectHandle): void {
    if (this.#attachType !== this.#spec.attachTypeName) this.#tellAttachType(object, this.#attachType);
    const target = this.#attachTarget;
    if (typeof target === 'string') this.#tellKernelFunction(object, target);
    else if (target !== undefined) this.#tellProgramFunction(object, target);
  }

  /** @throws BpfError for what the kernel would take, and should not */
  assertSound(): void {
    // kernel/bpf/verifier.c: 6.1 and 7.3 refuse it, 6.12 takes it, and the program would sleep where it must not
    // (kernel/bpf/cgroup.c bpf_prog_run_array_cg() runs under rcu_read_lock()).
    if (!this.sleepable || this.#attachType !== 'lsm_cgroup') return;
    throw new BpfError(`program "${this.name}" cannot be loaded: lsm_cgroup/ programs cannot sleep`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      program: this.name,
      hook: this.hook,
      hint: 'put it into a section lsm_cgroup/..., without .s',
    });
  }

  #tellAttachType(object: ObjectHandle, name: string): void {
    const number = native().attachTypeNumber(name);
    if (number === null) throw this.#wrong('there is no such attach type', name);
    native().objectSetExpectedAttachType(object, this.name, number);
  }

  #tellProgramFunction(object: ObjectHandle, target: ProgramFunction): void {
    if (!(typeof target === 'object' && target?.program instanceof BpfProgram)) {
      throw this.#wrong('attachTarget must be a name, or { program, function }', target);
    }
    const name = target.function ?? targetOf(this.section);
    if (name === undefined) throw this.#wrong('attachTarget must name a function of the program', target);
    this.#explained(() => native().objectSetAttachTarget(object, this.name, name, target.program.handle));
  }

  // Only right before load: libbpf opens the BTF of modules to find a function, and closes it after load.
  #tellKernelFunction(object: ObjectHandle, name: string): void {
    if (this.#isToldAtAttach) return;
    const target = this.type === 'lsm' ? withoutHookPrefix(name) : name;
    this.#explained(() => native().objectSetAttachTarget(object, this.name, target));
  }

  get #isToldAtAttach(): boolean {
    return /^(kprobe|tracepoint|raw_tracepoint|perf_event)/.test(this.type);
  }

  #assertExists(name: string): void {
    const exists = this.#isToldAtAttach
      ? true
      : hasAttachTarget(this.#attachType, withoutHookPrefix(name), name);
    if (exists !== false) return;
    throw new BpfError(
      `this kernel has no ${this.type === 'lsm' ? 'LSM hook' : 'function or tracepoint'} ${name}`,
      {
        code: 'ESRCH',
        reason: 'kernel',
        program: this.name,
        hint: 'names differ between kernel versions',
      },
    );
  }

  #explained(tell: () => void): void {
    try {
      tell();
    } catch (cause) {
      if (!(cause instanceof BpfError) || cause.errno === undefined) throw cause;
      const missing = cause.code === 'ESRCH' || cause.code === 'ENOENT';
      throw rephrase(cause, cause.message, {
        reason: missing ? 'kernel' : 'input',
        hint: missing ? 'there is no such function' : undefined,
      });
    }
  }

  #wrong(message: string, value: unknown): BpfError {
    return new BpfError(`${message}, and program "${this.name}" was given ${describeValue(value)}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      program: this.name,
    });
  }
}
