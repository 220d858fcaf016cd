import { type HookProbe, probeHook } from './hook-probe.js';
import { answersBool, hookTable } from './hook-table.js';
import { contextWords } from './hook-words.js';
import { kernelBtf, lsmHookIds } from './kernel-hooks.js';

/** What decides which programs a hook takes, beyond its prototype. */
export interface HookFacts {
  /**
   * Where the rest comes from: `probe`, the verifier of the running kernel, asked by loading programs; `table`, the
   * source of this line of kernels (6.1, 6.12, 7.3), for processes that may not load any; or nowhere.
   */
  source: 'probe' | 'table' | 'unknown';
  /** Whether the kernel keeps BPF off this hook; undefined when that could not be told, like the others. */
  disabled: boolean | undefined;
  /** Whether it takes programs that may sleep (`lsm.s/`). */
  sleepable: boolean | undefined;
  /** Whether it takes programs for a cgroup (`lsm_cgroup/`). */
  cgroup: boolean | undefined;
  /** What the verifier lets a program return, both included; null when it lets everything pass. */
  returnRange: readonly [least: number, most: number] | null | undefined;
  /**
   * What the kernel goes on with when every program returns 0 and this is not 0: an errno, negative. From the table of
   * this line of kernels, whatever `source` says; undefined when it is in none, and for hooks without a result.
   */
  defaultValue: number | undefined;
  /** What the verifier makes of the arguments, by their position; empty for those that point to no struct. */
  arguments: readonly ArgumentFacts[];
}

/** What the verifier makes of an argument. */
export interface ArgumentFacts {
  /** Whether it can be passed to kfuncs that want a trusted pointer (Linux 6.2); undefined when nothing tells. */
  trusted?: boolean;
  /** Whether the verifier wants it to be compared with NULL first. */
  nullable?: boolean;
}

/** include/linux/err.h MAX_ERRNO */
const MAX_ERRNO = 4095;

const known = new Map<string, HookFacts>();
let permitted = true;
let tellsTrust: boolean | undefined;

/**
 * What the running kernel says of a hook; asked once, then remembered. Undefined when it has no such hook.
 *
 * Asking takes CAP_BPF and CAP_PERFMON; without them, or where loads are refused, the answer comes from a table.
 * Linux 5.7; kernel/bpf/bpf_lsm.c bpf_lsm_verify_prog().
 */
export function hookFacts(hook: string): HookFacts | undefined {
  const id = lsmHookIds().get(hook);
  if (id === undefined) return undefined;
  const found = known.get(hook) ?? ask(hook, id);
  if (found) known.set(hook, found);
  return found;
}

function ask(hook: string, id: number): HookFacts | undefined {
  if (!permitted) return fromTable(hook);
  const words = contextWords(id);
  const structs = words.filter(({ toStruct }) => toStruct);
  const probe = probeHook(
    id,
    structs.map(({ word }) => word),
  );
  switch (probe.outcome) {
    case 'no-hook':
      return undefined;
    case 'not-permitted':
      permitted = false;
      return fromTable(hook);
    case 'refused':
      return fromTable(hook);
    case 'disabled':
      return { ...noPrograms(hook), source: 'probe' };
    case 'taken':
      return fromProbe(hook, probe, words);
  }
}

function fromProbe(hook: string, probe: HookProbe, words: readonly { toStruct: boolean }[]): HookFacts {
  const registers = [...probe.arguments];
  return {
    source: 'probe',
    disabled: false,
    sleepable: probe.sleepable,
    cgroup: probe.cgroup,
    returnRange: probe.returnRange,
    defaultValue: defaultOf(hook),
    arguments: words.map(({ toStruct }) => (toStruct ? argumentFacts(registers.shift()) : {})),
  };
}

function argumentFacts(register: string | undefined): ArgumentFacts {
  if (register === undefined) return {};
  const nullable = register.includes('_or_null');
  return kernelTellsTrust() ? { trusted: register.startsWith('trusted_'), nullable } : { nullable };
}

/** Whether this kernel's verifier has a notion of trust: file_open's argument has it on all that do. */
function kernelTellsTrust(): boolean {
  if (tellsTrust === undefined) {
    const id = lsmHookIds().get('file_open');
    const [register] = id === undefined ? [] : probeHook(id, [0]).arguments;
    tellsTrust = register?.startsWith('trusted_') ?? false;
  }
  return tellsTrust;
}

function fromTable(hook: string): HookFacts {
  const table = hookTable();
  if (!table) {
    return {
      source: 'unknown',
      disabled: undefined,
      sleepable: undefined,
      cgroup: undefined,
      returnRange: undefined,
      defaultValue: undefined,
      arguments: [],
    };
  }
  if (table.disabled.has(hook)) return { ...noPrograms(hook), source: 'table' };
  const { untrusted } = table;
  const trust = untrusted ? { trusted: !untrusted.has(hook) } : {};
  return {
    source: 'table',
    disabled: false,
    sleepable: table.sleepable.has(hook),
    cgroup: true,
    returnRange: table.enforcesRange ? rangeOf(hook) : null,
    defaultValue: defaultOf(hook),
    arguments: contextWords(lsmHookIds().get(hook) ?? 0).map(({ toStruct }) => (toStruct ? trust : {})),
  };
}

function noPrograms(hook: string): Omit<HookFacts, 'source'> {
  return {
    disabled: true,
    sleepable: false,
    cgroup: false,
    returnRange: undefined,
    defaultValue: defaultOf(hook),
    arguments: [],
  };
}

// kernel/bpf/bpf_lsm.c bpf_lsm_get_retval_range()
function rangeOf(hook: string): HookFacts['returnRange'] {
  if (isVoid(hook)) return null;
  return answersBool(hook) ? [0, 1] : [-MAX_ERRNO, 0];
}

function defaultOf(hook: string): number | undefined {
  const table = hookTable();
  return table && !isVoid(hook) ? (table.defaults[hook] ?? 0) : undefined;
}

function isVoid(hook: string): boolean {
  const btf = kernelBtf();
  const func = btf?.type(lsmHookIds().get(hook) ?? 0);
  const proto = func?.kind === 'func' ? btf?.type(func.type) : undefined;
  return proto?.kind === 'func_proto' && proto.returns === 0;
}
