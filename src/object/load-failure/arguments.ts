import { hookPrototype } from '../kernel-hooks.js';
import type { Explanation, Failure } from './failure.js';

// kernel/bpf/btf.c btf_ctx_access()
export function tooManyArguments({ words, hook }: Failure): Explanation | undefined {
  if (!hook || !/doesn't have \d+-th argument|invalid bpf_context access/.test(words)) return undefined;
  return {
    why: 'it reads an argument that the hook does not have',
    reason: 'input',
    hint: prototypeHint(hook),
  };
}

/**
 * An argument that is another struct on this kernel than the one the program was written for. kernel/bpf/btf.c
 * btf_struct_walk()
 */
export function beyondTheStruct({ words, hook, verifier }: Failure): Explanation | undefined {
  const name = /access beyond struct (\w+) at off/.exec(words)?.[1];
  if (!name) return undefined;
  return {
    why: `it reads past the end of a struct ${name}${at(verifier?.source?.text)}, which is another type than it takes it for`,
    reason: 'input',
    hint: hook
      ? prototypeHint(hook)
      : 'declare the type as the kernel has it, with preserve_access_index for what differs between kernels',
  };
}

/**
 * What an argument comes to on a kernel that has fewer: the word behind the last one is the result of earlier
 * programs, and no pointer.
 */
export function numberAsPointer({ words, hook, verifier }: Failure): Explanation | undefined {
  if (!/R\d+ invalid mem access '(?:inv|scalar)'/.test(words)) return undefined;
  return {
    why: `it uses a number as a pointer${at(verifier?.source?.text)}`,
    reason: 'input',
    hint: hook
      ? `follow typed pointers from the arguments on; ${prototypeHint(hook)}`
      : 'follow typed pointers, or read through bpf_probe_read_kernel()',
  };
}

function at(source: string | undefined): string {
  return source ? ` at "${source}"` : '';
}

function prototypeHint(hook: string): string | undefined {
  const prototype = hookPrototype(hook);
  return prototype && `this kernel's prototype is ${prototype}`;
}
