import type { Explanation, Failure } from './failure.js';

/** For `fentry/`, `fexit/` and `fmod_ret/`, which are called with a function of the kernel. */
export function missingFunction({ libbpf, hook }: Failure): Explanation | undefined {
  const found = /failed to find kernel BTF type ID of '([^']+)'/.exec(libbpf)?.[1];
  if (hook || !found) return undefined;
  return {
    why: `this kernel has no function ${found} that programs can be called with`,
    reason: 'kernel',
    hint: 'functions come and go between versions, are inlined, or belong to a module that is not loaded: bpftool btf dump file /sys/kernel/btf/vmlinux lists what there is',
  };
}

// kernel/bpf/verifier.c check_attach_modify_return()
export function cannotModify({ words }: Failure): Explanation | undefined {
  const name = /(\w+)\(\) is not modifiable/.exec(words)?.[1];
  if (!name) return undefined;
  return {
    why: `the kernel does not let programs change the result of ${name}()`,
    reason: 'kernel',
    hint: 'deny in an LSM hook (lsm/), or look on with fexit/; fmod_ret/ takes security_*() and functions open to error injection',
  };
}

// kernel/bpf/verifier.c check_non_sleepable_error_inject()
export function cannotSleep({ words, program, hook }: Failure): Explanation | undefined {
  const name = /^(\w+) is not sleepable/m.exec(words)?.[1];
  if (hook || !name) return undefined;
  return {
    why: `the function ${name} may be called where sleeping is not possible`,
    reason: 'kernel',
    hint: program && `use SEC("${program.section.replace('.s/', '/')}") instead of SEC("${program.section}")`,
  };
}
