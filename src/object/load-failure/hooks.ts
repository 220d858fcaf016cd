import { similarHooks } from '../kernel-hooks.js';
import type { Explanation, Failure } from './failure.js';

// libbpf looks the hook up in the kernel's BTF before it asks the kernel.
export function missingHook({ libbpf, hook }: Failure): Explanation | undefined {
  if (!hook || !/failed to find kernel BTF type ID of/.test(libbpf)) return undefined;
  return noSuchHook(hook);
}

// kernel/bpf/bpf_lsm.c bpf_lsm_verify_prog(): bpf_lsm_func_proto() and its like have the prefix, and are no hooks.
export function notAHook({ words, hook }: Failure): Explanation | undefined {
  return hook && /points to wrong type name/.test(words) ? noSuchHook(hook) : undefined;
}

function noSuchHook(hook: string): Explanation {
  const similar = similarHooks(hook).filter((name) => name !== hook);
  return {
    why: `this kernel has no LSM hook ${hook}`,
    reason: 'kernel',
    hint:
      similar.length > 0 ? `did you mean ${similar.join(' or ')}?` : 'hooks differ between kernel versions',
  };
}

// kernel/bpf/bpf_lsm.c bpf_lsm_verify_prog(), since Linux 6.1.y and 6.12.
export function disabledHook({ words, hook }: Failure): Explanation | undefined {
  if (!/points to disabled hook/.test(words)) return undefined;
  return {
    why: `the kernel does not let BPF use the hook ${hook}`,
    reason: 'kernel',
    hint: 'choose another hook',
  };
}

export function wrongLicense({ words }: Failure): Explanation | undefined {
  if (!/must have a GPL compatible license|cannot call GPL-restricted function/.test(words)) return undefined;
  return {
    why: 'LSM programs, and programs that call most helpers, must have a GPL-compatible licence',
    reason: 'input',
    hint: 'declare one: char LICENSE[] SEC("license") = "Dual BSD/GPL"',
  };
}

// kernel/bpf/bpf_lsm.c bpf_lsm_is_sleepable_hook()
export function hookCannotSleep({ words, hook }: Failure): Explanation | undefined {
  if (!hook || !/^bpf_lsm_\w+ is not sleepable|programs cannot be sleepable/m.test(words)) return undefined;
  return {
    why: `the hook ${hook} is called where sleeping is not possible`,
    reason: 'kernel',
    hint: `use SEC("lsm/${hook}") instead of SEC("lsm.s/${hook}")`,
  };
}
