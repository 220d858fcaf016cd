import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { BpfError } from '../../errors.js';
import { features, hooks } from '../../lsm/index.js';
import { bpfIsActive, type Finding, ftraceIsOn, kernelEnum } from '../../object/index.js';

/** What a kernel has that policies can need. Plain data. */
export interface KernelFacts {
  /** Its release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Why no LSM program would be consulted as things are, and what to do; null when they are consulted. */
  readonly inactive: string | null;
  /** Its LSM hooks: what each returns, or that the kernel keeps BPF off it. */
  readonly hooks: Readonly<Record<string, 'int' | 'bool' | 'void' | 'disabled'>>;
  /** Its helpers and kfuncs of use to LSM programs, as far as that could be told. */
  readonly functions: readonly string[];
  /** The commands of bpf(2); null when it has no BTF to tell, like the others. */
  readonly bpfCommands: readonly string[] | null;
  readonly programTypes: readonly string[] | null;
  readonly lockdownReasons: readonly string[] | null;
  /** The types of file systems that are registered now; modules can bring more. */
  readonly fileSystems: readonly string[];
}

/**
 * What the running kernel has that policies can need.
 *
 * Hooks come from its BTF and its verifier, see {@link hooks}; needs no privilege, and without CAP_BPF and CAP_PERFMON
 * some come from a table. Takes a fifth of a second the first time.
 */
export async function kernelFacts(): Promise<KernelFacts> {
  const found = await hooks().catch((error: unknown) => {
    if (error instanceof BpfError && error.code === 'ERR_BPF_NO_HOOKS') return error;
    throw error;
  });
  const list = found instanceof BpfError ? [] : found;
  return {
    kernel: release(),
    inactive: found instanceof BpfError ? found.message : whyInactive(bpfIsActive(), ftraceIsOn()),
    hooks: Object.fromEntries(
      list.map(({ name, disabled, returns }) => [name, disabled === true ? 'disabled' : returns]),
    ),
    functions: features()
      .features.filter(({ group, kernel }) => /^(?:helpers|kfuncs)$/.test(group) && kernel.verdict === 'yes')
      .map(({ name }) => name),
    bpfCommands: namesOf('bpf_cmd', /^BPF_(?!COMMON_ATTRS|.*_MAX)/),
    programTypes: namesOf('bpf_prog_type', /^BPF_PROG_TYPE_(?!UNSPEC)/),
    lockdownReasons: namesOf('lockdown_reason', /^LOCKDOWN_(?!NONE|.*_MAX)/),
    fileSystems: registeredFileSystems(),
  };
}

/** As attach() has it: what could not be told of the LSMs counts as a no, what could not be told of ftrace does not. */
function whyInactive(active: Finding, ftrace: Finding): string | null {
  const against = active.verdict !== 'yes' ? active : ftrace.verdict === 'no' ? ftrace : undefined;
  return against ? [against.reason, against.fix].filter((part) => part !== undefined).join('; ') : null;
}

function namesOf(name: string, wanted: RegExp): string[] | null {
  const values = kernelEnum(name);
  return values ? [...values.keys()].filter((one) => wanted.test(one)) : null;
}

function registeredFileSystems(): string[] {
  try {
    return readFileSync('/proc/filesystems', 'utf8')
      .split('\n')
      .map((line) => line.split('\t')[1] ?? '')
      .filter((type) => type !== '');
  } catch {
    return [];
  }
}
