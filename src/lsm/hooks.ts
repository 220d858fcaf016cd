import { BpfError } from '../errors.js';
import {
  type ArgumentFacts,
  answersBool,
  type HookFacts,
  hookFacts,
  hookPrototype,
  kernelBtf,
  lsmHookIds,
  prototypeOf,
  similarHooks,
} from '../object/index.js';

/** An argument of an LSM hook. */
export interface HookParameter extends ArgumentFacts {
  name: string;
  /** As C writes it, such as `struct file *`. */
  type: string;
}

/** An LSM hook of the running kernel. */
export interface LsmHook extends Omit<HookFacts, 'arguments'> {
  /** Without the `bpf_lsm_` prefix, such as `file_open`. */
  name: string;
  /** As C writes it: `int file_open(struct file *file)`. */
  prototype: string;
  parameters: HookParameter[];
  /** `int`: 0 or a negative errno; `bool`: 0 or 1, declared as int; `void`: the hook has no result. */
  returns: 'int' | 'bool' | 'void';
  /** BTF id of `bpf_lsm_NAME` in the kernel's BTF. */
  btfId: number;
}

/** So many hooks are asked about before other work on the event loop gets its turn. */
const AT_A_TIME = 16;

/**
 * The LSM hooks of the running kernel, in the order of their names: what each looks like, from the kernel's BTF, and
 * which programs it takes, from the kernel's verifier. See {@link HookFacts} for what comes from where.
 *
 * The first call loads about a thousand programs of a few instructions, and attaches none: a fifth of a second.
 * Afterwards the answers are remembered. Linux 5.7 (CONFIG_BPF_LSM); CAP_BPF and CAP_PERFMON to ask the verifier.
 *
 * @throws BpfError `ERR_BPF_NO_HOOKS` when the kernel has no BPF LSM, or no BTF
 */
export async function hooks(): Promise<LsmHook[]> {
  assertHooks();
  const found: LsmHook[] = [];
  let asked = 0;
  for (const [name, btfId] of lsmHookIds()) {
    const facts = hookFacts(name);
    if (facts) found.push(describe(name, btfId, facts));
    if (++asked % AT_A_TIME === 0) await new Promise(setImmediate);
  }
  return found;
}

/**
 * One LSM hook of the running kernel; see {@link hooks}.
 *
 * @param name - without the `bpf_lsm_` prefix, such as `file_open`
 * @throws BpfError `ERR_BPF_UNKNOWN_NAME` with the nearest names when this kernel has no such hook; `ERR_BPF_NO_HOOKS`
 */
export function hook(name: string): LsmHook {
  assertHooks();
  const btfId = lsmHookIds().get(name);
  const facts = hookFacts(name);
  if (btfId !== undefined && facts) return describe(name, btfId, facts);
  const similar = similarHooks(String(name));
  throw new BpfError(`this kernel has no LSM hook ${name}`, {
    code: 'ERR_BPF_UNKNOWN_NAME',
    reason: 'kernel',
    hook: String(name),
    hint:
      similar.length > 0
        ? `did you mean ${similar.join(' or ')}?`
        : 'hooks() lists those it has; they differ between kernel versions',
  });
}

function assertHooks(): void {
  if (lsmHookIds().size > 0) return;
  throw new BpfError(
    kernelBtf()
      ? 'this kernel has no hooks for BPF LSM programs: it was built without CONFIG_BPF_LSM'
      : 'the LSM hooks of this kernel cannot be told: it has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)',
    { code: 'ERR_BPF_NO_HOOKS', reason: 'kernel', hint: 'use a kernel built with it' },
  );
}

function describe(name: string, btfId: number, facts: HookFacts): LsmHook {
  const { arguments: about, ...rest } = facts;
  const btf = kernelBtf();
  const proto = btf ? prototypeOf(btf, btfId) : undefined;
  return {
    name,
    prototype: hookPrototype(name) ?? name,
    parameters: (proto?.params ?? []).map((param, i) => ({
      name: param.name,
      type: btf?.nameOf(param.type) ?? '',
      ...about[i],
    })),
    returns: proto?.returns === 0 ? 'void' : answersBool(name) ? 'bool' : 'int',
    btfId,
    ...rest,
  };
}
