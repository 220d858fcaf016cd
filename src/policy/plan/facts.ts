import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { hook } from '../../lsm/index.js';
import {
  bpfIsActive,
  type Finding,
  ftraceIsOn,
  KFUNCS,
  kernelBtf,
  kernelEnum,
  lsmHookIds,
} from '../../object/index.js';
import { ALL_OPERATIONS, type Operation } from '../model/index.js';
import { carriersOf } from '../operations/index.js';

/** What a kernel has that policies can need. Plain data. */
export interface KernelFacts {
  /** Its release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Why no LSM program would be consulted as things are, and what to do; null when they are consulted. */
  readonly inactive: string | null;
  /** Of the LSM hooks that can carry an operation, those it has: what each returns, or that the kernel keeps BPF off it. */
  readonly hooks: Readonly<Record<string, 'int' | 'bool' | 'void' | 'disabled'>>;
  /** Its helpers, and of its kfuncs those of use to LSM programs; which program may call which is for the verifier to say. */
  readonly functions: readonly string[];
  /** The commands of bpf(2); null when it has no BTF to tell, like the others. */
  readonly bpfCommands: readonly string[] | null;
  readonly programTypes: readonly string[] | null;
  readonly lockdownReasons: readonly string[] | null;
  /** The types of file systems that are registered now; modules can bring more. */
  readonly fileSystems: readonly string[];
}

/** So many hooks are asked about before other work on the event loop gets its turn. */
const AT_A_TIME = 16;

/**
 * What the running kernel has that policies can need.
 *
 * From its BTF, and of hooks also from its verifier, which is asked by loading programs that do nothing; nothing is
 * attached. Needs no privilege; without CAP_BPF and CAP_PERFMON the verifier's part comes from a table, see {@link hooks}.
 */
export async function kernelFacts(): Promise<KernelFacts> {
  return kernelFactsFor(ALL_OPERATIONS);
}

/** The same, but of hooks only those that can carry these operations. */
export async function kernelFactsFor(operations: readonly Operation[]): Promise<KernelFacts> {
  return {
    kernel: release(),
    inactive: whyInactive(bpfIsActive(), ftraceIsOn()),
    hooks: await carryingHooks(operations),
    functions: [
      ...(namesOf('bpf_func_id', /^BPF_FUNC_(?!unspec)/) ?? []).map((name) =>
        name.replace(/^BPF_FUNC_/, 'bpf_'),
      ),
      ...Object.keys(KFUNCS).filter((name) => kernelBtf()?.find(name, 'func') !== undefined),
    ],
    bpfCommands: namesOf('bpf_cmd', /^BPF_(?!COMMON_ATTRS|.*_MAX)/),
    programTypes: namesOf('bpf_prog_type', /^BPF_PROG_TYPE_(?!UNSPEC)/),
    lockdownReasons: namesOf('lockdown_reason', /^LOCKDOWN_(?!NONE|.*_MAX)/),
    fileSystems: registeredFileSystems(),
  };
}

async function carryingHooks(operations: readonly Operation[]): Promise<KernelFacts['hooks']> {
  const names = operations.flatMap((operation) => carriersOf(operation).routes.flatMap(({ hooks }) => hooks));
  const there = [...new Set(names)].filter((name) => lsmHookIds().has(name)).sort();
  const found: Record<string, KernelFacts['hooks'][string]> = {};
  for (const [index, name] of there.entries()) {
    const { disabled, returns } = hook(name);
    found[name] = disabled === true ? 'disabled' : returns;
    if (index % AT_A_TIME === AT_A_TIME - 1) await new Promise(setImmediate);
  }
  return found;
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
