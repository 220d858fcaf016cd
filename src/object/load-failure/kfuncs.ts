import { kernelPrototype } from '../kernel-types.js';
import { KFUNCS } from '../kfuncs.js';
import type { Explanation, Failure } from './failure.js';

const OPTIONAL = 'declare it __ksym __weak and ask bpf_ksym_exists() before the call';

// libbpf looks kernel functions up in the BTF of the kernel and its modules.
export function missingKfunc({ libbpf }: Failure): Explanation | undefined {
  const name = /extern \(func ksym\) '([^']+)': not found in kernel or module BTFs/.exec(libbpf)?.[1];
  return name ? missing(name) : undefined;
}

/**
 * A kfunc that is declared __weak is replaced by a call of nothing where it is missing, which is fine as long as it is
 * not reached. libbpf names it since 1.3.
 */
export function unguardedWeakKfunc({ words, lines }: Failure): Explanation | undefined {
  const named = /kfunc '([^']+)' is referenced but wasn't resolved/.exec(words)?.[1];
  if (named) return missing(named);
  if (!/^\d+: \(85\) call (?:<\w+>|\w*)#0\s/m.test(lines)) return undefined;
  return {
    why: 'it calls a kernel function that it declares __weak and that this kernel does not have',
    reason: 'kernel',
    hint: 'ask bpf_ksym_exists() before the call',
  };
}

function missing(name: string): Explanation {
  const since = KFUNCS[name];
  return {
    why: `this kernel has no kfunc ${name}`,
    reason: 'kernel',
    hint: since ? `Linux ${since} has it; for older kernels ${OPTIONAL}` : OPTIONAL,
  };
}

// libbpf compares the declaration with the kernel's (bpf_core_types_are_compat). That is called kernel by 1.1, and
// vmlinux by 1.5.
export function otherPrototype({ libbpf }: Failure): Explanation | undefined {
  const name = /extern \(func ksym\) '([^']+)': func_proto \[\d+\] incompatible with \S+ \[/.exec(
    libbpf,
  )?.[1];
  if (!name) return undefined;
  const prototype = kernelPrototype(name);
  return {
    why: `it declares the kfunc ${name} otherwise than this kernel does`,
    reason: 'input',
    hint: `${prototype ? `declare it as ${prototype}, and` : 'declare it as the kernel does, and'} define the structs it names: a forward declaration does not match`,
  };
}

// kernel/bpf/verifier.c fetch_kfunc_meta(), btf_kfunc_id_set_contains()
export function kfuncOfOtherPrograms({ words, program }: Failure): Explanation | undefined {
  const name = /calling kernel function (\w+) is not allowed/.exec(words)?.[1];
  if (!name) return undefined;
  return {
    why: `programs of type ${program?.type ?? 'this'} cannot call the kfunc ${name}`,
    reason: 'kernel',
    hint: 'the kernel registers each kfunc for certain program types: use another one',
  };
}

// kernel/bpf/verifier.c add_kfunc_call()
export function needsCompiler({ words }: Failure): Explanation | undefined {
  if (!/JIT (?:is required for|does not support) calling kernel function/.test(words)) return undefined;
  return {
    why: 'it calls a kernel function, which takes programs that are compiled to machine code',
    reason: 'kernel',
    hint: 'switch the compiler on: sysctl net.core.bpf_jit_enable=1',
  };
}
