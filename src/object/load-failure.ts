import { existsSync, readFileSync } from 'node:fs';
import { type BpfError, type BpfErrorReason, rephrase } from '../errors.js';
import type { NativeProgramSpec } from '../native.js';
import { activeLsms } from './consulted.js';
import { hookPrototype, similarHooks } from './kernel-hooks.js';
import { inInitialUserNamespace, missingForLsm } from './privileges.js';
import { hookOf } from './program.js';
import { readVerifierLog, type VerifierVerdict } from './verifier-log.js';

/** All that is known about a failed load. */
interface Failure {
  object: string;
  error: BpfError;
  libbpfLog: string;
  program?: string | undefined;
  hook?: string | undefined;
  type?: string | undefined;
  map?: string | undefined;
  verifierLog?: string | undefined;
  verdict?: VerifierVerdict | undefined;
}

interface Explanation {
  /** The rest of the sentence that begins with the program or object. */
  why: string;
  reason: BpfErrorReason;
  hint?: string | undefined;
}

/** Each knows one class of failure, and answers undefined for the others. The first that knows, explains. */
const EXPLAINERS: readonly ((failure: Failure) => Explanation | undefined)[] = [
  missingHook,
  disabledHook,
  wrongLicense,
  notSleepable,
  tooManyArguments,
  returnRange,
  lockedDown,
  missingNullCheck,
  writeThroughBtfPointer,
  tooComplex,
  missingPrivilege,
  refusedOutright,
  refusedByVerifier,
  refusedMap,
];

/** Turns a failed load into an error that names the program, the hook, the reason and what to do. */
export function explainLoadFailure(
  object: string,
  programs: readonly NativeProgramSpec[],
  error: BpfError,
): BpfError {
  const failure = dissect(object, programs, error);
  const explanation = EXPLAINERS.map((explain) => explain(failure)).find((found) => found !== undefined);
  const { program, hook, map, verifierLog } = failure;
  const subject = program
    ? `program "${program}"${hook ? ` (hook ${hook})` : ''}`
    : map
      ? `map "${map}"`
      : `object "${object}"`;
  const why = explanation ? `${explanation.why} (${error.code})` : error.message;
  return rephrase(error, `${subject} cannot be loaded: ${why}`, {
    syscall: map ? 'bpf(BPF_MAP_CREATE)' : program ? 'bpf(BPF_PROG_LOAD)' : error.syscall,
    reason: explanation?.reason,
    hint: explanation?.hint,
    program,
    hook,
    map,
    verifierLog,
  });
}

function dissect(object: string, programs: readonly NativeProgramSpec[], error: BpfError): Failure {
  const libbpfLog = error.libbpfLog ?? '';
  const program = /prog '([^']+)': (?:BPF program load failed|failed to)/.exec(libbpfLog)?.[1];
  const spec = programs.find(({ name }) => name === program);
  const verifierLog = /-- BEGIN PROG LOAD LOG --\n([\s\S]*?)-- END PROG LOAD LOG --/.exec(libbpfLog)?.[1];
  return {
    object,
    error,
    libbpfLog,
    program,
    hook: spec && hookOf(spec.section),
    type: spec?.type,
    // libbpf says `guard.bss` for the section that is called `.bss` here.
    map: program ? undefined : /map '(?:[^'.]*(?=\.))?([^']+)': failed to create/.exec(libbpfLog)?.[1],
    verifierLog,
    verdict: verifierLog ? readVerifierLog(verifierLog) : undefined,
  };
}

function says(failure: Failure, pattern: RegExp): RegExpExecArray | null {
  return pattern.exec(failure.verifierLog ?? '');
}

// libbpf looks the hook up in the kernel's BTF before it asks the kernel.
function missingHook({ libbpfLog, hook }: Failure): Explanation | undefined {
  if (!hook || !/failed to find kernel BTF type ID of/.test(libbpfLog)) return undefined;
  const similar = similarHooks(hook);
  return {
    why: `this kernel has no LSM hook ${hook}`,
    reason: 'kernel',
    hint:
      similar.length > 0 ? `did you mean ${similar.join(' or ')}?` : 'hooks differ between kernel versions',
  };
}

// kernel/bpf/bpf_lsm.c bpf_lsm_verify_prog(), since Linux 6.1.y and 6.12.
function disabledHook(failure: Failure): Explanation | undefined {
  if (!says(failure, /points to disabled hook/)) return undefined;
  return {
    why: `the kernel does not let BPF use the hook ${failure.hook}`,
    reason: 'kernel',
    hint: 'choose another hook',
  };
}

function wrongLicense(failure: Failure): Explanation | undefined {
  if (!says(failure, /must have a GPL compatible license/)) return undefined;
  return {
    why: 'LSM programs must have a GPL-compatible licence',
    reason: 'input',
    hint: 'declare one: char LICENSE[] SEC("license") = "Dual BSD/GPL"',
  };
}

function notSleepable(failure: Failure): Explanation | undefined {
  if (!says(failure, /is not sleepable/)) return undefined;
  return {
    why: `the hook ${failure.hook} is called where sleeping is not possible`,
    reason: 'kernel',
    hint: `use SEC("lsm/${failure.hook}") instead of SEC("lsm.s/${failure.hook}")`,
  };
}

function tooManyArguments(failure: Failure): Explanation | undefined {
  const found = says(
    failure,
    /func 'bpf_lsm_(\w+)' doesn't have (\d+)-th argument|invalid bpf_context access/,
  );
  if (!found || !failure.hook) return undefined;
  const prototype = hookPrototype(failure.hook);
  return {
    why: 'it reads an argument that the hook does not have',
    reason: 'input',
    hint: prototype && `this kernel's prototype is ${prototype}`,
  };
}

// kernel/bpf/verifier.c check_return_code(), for LSM programs since Linux 6.12.
function returnRange(failure: Failure): Explanation | undefined {
  const found = says(failure, /At program exit the register R0 .*should have been in (\[[^\]]*\])/);
  if (!found) return undefined;
  return {
    why: `it may return a value outside ${found[1]}`,
    reason: 'input',
    hint: 'return 0 to allow or a negative errno such as -EPERM to deny (programs in lsm_cgroup/ and cgroup/: 1 to allow, 0 to deny)',
  };
}

// Lockdown mode confidentiality takes the helpers away that read kernel memory by address
// (include/linux/security.h LOCKDOWN_BPF_READ_KERNEL).
function lockedDown(failure: Failure): Explanation | undefined {
  if (!says(failure, /(?:unknown func|cannot use helper) bpf_probe_read_(?:kernel|user)?/)) return undefined;
  if (!lockdownIs('confidentiality')) return undefined;
  return {
    why: 'the kernel is locked down (confidentiality), so programs may not read kernel memory by address',
    reason: 'permission',
    hint: 'read through typed pointers (file->f_inode) instead of BPF_CORE_READ',
  };
}

function missingNullCheck(failure: Failure): Explanation | undefined {
  const found = says(failure, /R\d+ (?:invalid mem access|type=)\s*'?(\w*_or_null\w*)/);
  if (!found) return undefined;
  return {
    why: `it uses a pointer that may be NULL (${found[1]})`,
    reason: 'input',
    hint: 'compare it with NULL before the first use',
  };
}

function writeThroughBtfPointer(failure: Failure): Explanation | undefined {
  if (!says(failure, /only read is supported/)) return undefined;
  return {
    why: 'it writes to a kernel structure, and hook arguments can only be read',
    reason: 'input',
    hint: 'keep state in maps or in local storage',
  };
}

function tooComplex(failure: Failure): Explanation | undefined {
  if (
    !says(failure, /BPF program is too large|infinite loop detected|The sequence of \d+ jumps is too complex/)
  )
    return undefined;
  return {
    why: `the verifier could not walk through it: ${failure.verdict?.reason}`,
    reason: 'input',
    hint: 'bound its loops, or use bpf_loop()',
  };
}

function missingPrivilege({ error }: Failure): Explanation | undefined {
  if (error.code !== 'EPERM') return undefined;
  if (!inInitialUserNamespace()) {
    return {
      why: 'this process is in a user namespace, where capabilities do not count for BPF',
      reason: 'permission',
      hint: 'run it outside, as root or with CAP_BPF and CAP_PERFMON',
    };
  }
  const missing = missingForLsm();
  if (missing.length === 0) return undefined;
  return {
    why: `this process lacks ${missing.join(' and ')}`,
    reason: 'permission',
    hint: 'run it as root, or give it CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep on the node binary, or AmbientCapabilities= in its systemd unit)',
  };
}

function refusedOutright({ error, type, verdict }: Failure): Explanation | undefined {
  if (error.code !== 'EPERM' || verdict) return undefined;
  const listed = activeLsms()?.includes('bpf')
    ? ' although bpf is in its list of active LSMs and'
    : ' although';
  return {
    why: `this kernel refuses ${type === 'lsm' ? 'LSM programs' : 'it'} with EPERM${listed} this process has the capabilities`,
    reason: 'kernel',
    hint: 'something above capabilities forbids it (a sandbox, a container, a security module or a patched kernel): use another machine, or a guest (npm run vm)',
  };
}

function refusedByVerifier({ verdict }: Failure): Explanation | undefined {
  if (!verdict) return undefined;
  const at = verdict.source ? ` at "${verdict.source}"` : '';
  const hint = verdict.suggestion;
  return { why: `the verifier refuses it${at}: ${verdict.reason}`, reason: 'input', hint };
}

function refusedMap({ map, libbpfLog }: Failure): Explanation | undefined {
  if (!map) return undefined;
  const pin = /specified path (.+) is not on BPF FS/.exec(libbpfLog)?.[1];
  if (pin) {
    return {
      why: `it is to be pinned to ${pin}, which is not on a bpffs`,
      reason: 'input',
      hint: 'mount one with: mount -t bpf bpf /sys/fs/bpf -o mode=0700',
    };
  }
  const [, taken, difference] = /couldn't reuse pinned map at '(.+)': (.+)/.exec(libbpfLog) ?? [];
  if (taken) {
    return {
      why: `the map that is pinned at ${taken} is another one (${difference})`,
      reason: 'input',
      hint: 'remove that pin, or choose another path',
    };
  }
  return { why: 'the kernel refuses its type, sizes, flags or number of entries', reason: 'input' };
}

function lockdownIs(mode: string): boolean {
  const path = '/sys/kernel/security/lockdown';
  return existsSync(path) && readFileSync(path, 'utf8').includes(`[${mode}]`);
}
