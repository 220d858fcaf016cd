import { hookFacts } from '../hook-facts.js';
import { lockdownState } from '../lockdown.js';
import type { Explanation, Failure } from './failure.js';

// include/uapi/linux/bpf.h ___BPF_FUNC_MAPPER ends with these; what is younger is a kfunc.
const YOUNG_HELPERS: Readonly<Record<string, string>> = {
  '210': 'bpf_cgrp_storage_get (Linux 6.2)',
  '211': 'bpf_cgrp_storage_delete (Linux 6.2)',
};

/** The helper of the last call: some refusals do not name it. */
function lastHelper(lines: string): string | undefined {
  return [...lines.matchAll(/^\d+: \(85\) call (bpf_\w+)#\d+/gm)].at(-1)?.[1];
}

// Lockdown mode confidentiality takes the helpers away that read kernel memory by address
// (include/linux/security.h LOCKDOWN_BPF_READ_KERNEL).
export function lockedDown({ words }: Failure): Explanation | undefined {
  const helper =
    /(?:unknown func|cannot use helper) (bpf_probe_read(?:_kernel)?(?:_str)?|bpf_probe_write_user)#/.exec(
      words,
    )?.[1];
  if (!helper) return undefined;
  const state = lockdownState();
  const takenAway = helper === 'bpf_probe_write_user' ? state !== 'none' : state === 'confidentiality';
  if (state === undefined || !takenAway) return undefined;
  return {
    why: `the kernel is locked down (${state}), which takes the helper ${helper} away`,
    reason: 'permission',
    hint:
      helper === 'bpf_probe_write_user'
        ? 'do without it'
        : 'read through typed pointers (file->f_inode) instead of BPF_CORE_READ',
  };
}

// kernel/bpf/verifier.c check_helper_call(), check_kfunc_call()
export function sleepingCall({ words, lines, hook }: Failure): Explanation | undefined {
  const found =
    /helper call might sleep in a non-sleepable prog|sleepable helper (\w+)#\d+ in non-sleepable|program must be sleepable to call sleepable kfunc (\w+)/.exec(
      words,
    );
  if (!found) return undefined;
  const callee = found[1] ?? found[2] ?? lastHelper(lines) ?? 'a helper';
  return {
    why: `it calls ${callee}, which may sleep, and it is not declared to`,
    reason: 'input',
    hint: sleepHint(hook),
  };
}

function sleepHint(hook: string | undefined): string {
  if (!hook) return 'use a section whose name has .s, if there is one for its type';
  switch (hookFacts(hook)?.sleepable) {
    case true:
      return `use SEC("lsm.s/${hook}") (LSM_PROGRAM_SLEEPABLE): this hook may sleep`;
    case false:
      return `the hook ${hook} is called where sleeping is not possible: do that on another one (bpf-lsm hooks tells which may sleep)`;
    default:
      return `use SEC("lsm.s/${hook}") (LSM_PROGRAM_SLEEPABLE), if this hook may sleep`;
  }
}

// kernel/trace/bpf_trace.c bpf_d_path_allowed(): the hooks that may sleep, in a program that may or may not.
export function pathNotOnThisHook({ words, lines, hook }: Failure): Explanation | undefined {
  if (!/helper call is not allowed in probe/.test(words) || lastHelper(lines) !== 'bpf_d_path')
    return undefined;
  return {
    why: `bpf_d_path() cannot be called on ${hook ? `the hook ${hook}` : 'this function'}`,
    reason: 'kernel',
    hint: 'use the kfunc bpf_path_d_path() (Linux 6.12), compare device and inode numbers, or ask on a hook that may sleep, such as file_open',
  };
}

export function helperNotOnThisHook({ words, lines, hook }: Failure): Explanation | undefined {
  if (!/helper call is not allowed in probe/.test(words)) return undefined;
  return {
    why: `${lastHelper(lines) ?? 'a helper'}() cannot be called on ${hook ? `the hook ${hook}` : 'this function'}`,
    reason: 'kernel',
    hint: 'the kernel has a list of hooks for this helper: call it on another one',
  };
}

export function missingHelper({ words }: Failure): Explanation | undefined {
  const number = /invalid func unknown#(\d+)/.exec(words)?.[1];
  if (!number) return undefined;
  return {
    why: `this kernel has no helper ${YOUNG_HELPERS[number] ?? `number ${number}`}`,
    reason: 'kernel',
    hint: 'ask bpf_core_enum_value_exists(enum bpf_func_id, ...) before the call, or load another program on this kernel',
  };
}

// "unknown func" up to Linux 6.1 at least, although the kernel knows it by name.
export function helperOfOtherPrograms({ words, program }: Failure): Explanation | undefined {
  const helper = /(?:unknown func|program of this type cannot use helper) (\w+)#\d+/.exec(words)?.[1];
  if (!helper) return undefined;
  return {
    why: `programs of type ${program?.type ?? 'this'} cannot call the helper ${helper}`,
    reason: 'kernel',
    hint: 'get at the data in another way, such as the arguments of the hook, or by a kfunc',
  };
}

// kernel/bpf/verifier.c check_map_func_compatibility()
export function helperOfOtherMaps({ words }: Failure): Explanation | undefined {
  const helper = /cannot pass map_type \d+ into func (\w+)#\d+/.exec(words)?.[1];
  if (!helper) return undefined;
  return {
    why: `the helper ${helper} does not work on maps of that type`,
    reason: 'input',
    hint: 'use the helper made for this map type',
  };
}
