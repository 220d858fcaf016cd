import type { Explanation, Failure } from './failure.js';

// kernel/bpf/verifier.c check_reference_leak()
export function unreleasedReference({ words, lines }: Failure): Explanation | undefined {
  const at = /Unreleased reference id=\d+ alloc_insn=(\d+)/.exec(words)?.[1];
  if (!at) return undefined;
  const callee = new RegExp(`^${at}: \\(85\\) call (\\w+)#`, 'm').exec(lines)?.[1];
  return {
    why: `it can end without giving back what it got${callee ? ` from ${callee}()` : ''} at instruction ${at}`,
    reason: 'input',
    hint: 'give it back on every path: submit or discard a record, put a file, release a task or cgroup',
  };
}

// kernel/bpf/verifier.c process_spin_lock(), check_resource_leak()
export function heldLock({ words }: Failure): Explanation | undefined {
  const found =
    /bpf_(spin|rcu_read)_unlock is missing|inside bpf_(spin|rcu_read)_lock-ed region|(function) calls are not allowed while holding a lock/.exec(
      words,
    );
  if (!found) return undefined;
  const ends = /missing|BPF_EXIT/.test(words);
  return {
    why: ends ? 'it can end while it holds a lock' : 'it does what is not allowed while it holds a lock',
    reason: 'input',
    hint: 'give the lock back on every path, before any call',
  };
}

// kernel/bpf/verifier.c check_max_stack_depth(): MAX_BPF_STACK is 512.
export function stackTooLarge({ words }: Failure): Explanation | undefined {
  const found = /combined stack size of (\d+) calls is (\d+)\. Too large/.exec(words);
  if (!found && !/the call stack of \d+ frames is too deep|stack limit exceeded/.test(words))
    return undefined;
  return {
    why: found
      ? `the variables of ${found[1]} functions that call each other take ${found[2]} bytes of stack, and there are 512`
      : 'its functions call each other too deeply',
    reason: 'input',
    hint: 'keep large variables in a per-CPU array with one element, or make the functions __always_inline',
  };
}

// kernel/bpf/verifier.c do_check(), push_stack(), is_state_visited(), push_insn()
export function tooComplex({ words }: Failure): Explanation | undefined {
  const found =
    /BPF program is too large\. Processed \d+ insn|infinite loop detected at insn \d+|The sequence of \d+ jumps is too complex|back-edge from insn \d+ to \d+/.exec(
      words,
    )?.[0];
  if (!found) return undefined;
  return {
    why: `the verifier could not walk through it: ${found}`,
    reason: 'input',
    hint: 'bound its loops, or use bpf_loop()',
  };
}

// kernel/bpf/syscall.c bpf_prog_load(): BPF_COMPLEXITY_LIMIT_INSNS, and BPF_MAXINSNS without CAP_BPF.
export function tooLong({ error, program, verifier }: Failure): Explanation | undefined {
  if (error.code !== 'E2BIG' || !program || verifier) return undefined;
  return {
    why: 'it has more instructions than the kernel takes (1,000,000; 4,096 without CAP_BPF)',
    reason: 'input',
    hint: 'split it by tail calls, or keep the compiler from unrolling loops',
  };
}
