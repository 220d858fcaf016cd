import { type BpfError, type BpfErrorReason, rephrase } from '../errors.js';
import type { ProgramHandle } from '../native.js';
import type { AttachOptions } from './attach-options.js';
import { programsOnHook } from './cgroup-attach.js';
import { pathOfCgroup } from './cgroup-target.js';
import { cgroupAttachTypes, hookOfProgram, type ProgramDetails } from './program-kind.js';

/** All that is known about a failed attachment. */
interface Failure {
  program: ProgramHandle;
  details: ProgramDetails;
  options: AttachOptions;
  code: string;
  syscall: string | undefined;
  /** Whether the program attaches to a cgroup. */
  toCgroup: boolean;
  /** The cgroup's path, where one was named. */
  cgroup: string;
}

interface Explanation {
  /** Why, in half a sentence. */
  why: string;
  reason: BpfErrorReason;
  hint?: string;
}

/** Each knows one class of failure, and answers undefined for the others. The first that knows, explains. */
const EXPLAINERS: readonly ((failure: Failure) => Explanation | undefined)[] = [
  attachedAlready,
  cgroupIsFull,
  hookIsFull,
  changedMeanwhile,
  noSuchNeighbour,
  elevenLsmCgroupHooks,
  otherAttachType,
  noCgroup,
  alienCgroupProgram,
  iterateOverWhat,
  withoutCookies,
  noSuchFunction,
  noSuchTracepoint,
  replacedAlready,
];

/** Turns a failed attachment into an error that names the program, the hook, the reason and what to do. */
export function explainAttachFailure(
  program: ProgramHandle,
  details: ProgramDetails,
  options: AttachOptions,
  error: BpfError,
): BpfError {
  const toCgroup = cgroupAttachTypes(details.type).includes(details.attachType ?? options.attachType ?? '');
  const cgroup = options.cgroup === undefined ? '' : pathOfCgroup(options.cgroup);
  const { code, syscall } = error;
  const failure = { program, details, options, code, syscall, toCgroup, cgroup };
  const explanation = EXPLAINERS.map((explain) => explain(failure)).find((found) => found !== undefined);
  const hook = hookOfProgram(details);
  const subject = `program "${details.name}"${hook ? ` (hook ${hook})` : ''}`;
  const why = explanation ? `${explanation.why} (${error.code})` : error.message;
  return rephrase(error, explanation ? `${subject} cannot be attached: ${why}` : `${subject}: ${why}`, {
    program: details.name,
    hook,
    reason: explanation?.reason ?? error.reason,
    hint: explanation?.hint,
    ...(cgroup !== '' && { path: cgroup }),
  });
}

// kernel/bpf/trampoline.c __bpf_trampoline_link_prog()
function attachedAlready({ code, toCgroup, details }: Failure): Explanation | undefined {
  if (code !== 'EBUSY' || toCgroup || details.type === 'ext') return undefined;
  return {
    why: 'this very program is attached already',
    reason: 'input',
    hint: 'close its link first, or load the object once more for a second attachment',
  };
}

// BPF_MAX_TRAMP_LINKS of include/linux/bpf.h, and since Linux 6.12 the trampoline must fit into a page.
function hookIsFull({ code, toCgroup, details }: Failure): Explanation | undefined {
  if (code !== 'E2BIG' || (toCgroup && details.type !== 'lsm')) return undefined;
  return {
    why: 'as many programs as a kernel function can have are on it',
    reason: 'kernel',
    hint: 'detach one first: the limit is 38 on Linux 6.1 and 6.12, and 36 on x86-64 Linux 7.3, over all kinds of tracing and LSM programs',
  };
}

// BPF_CGROUP_MAX_PROGS of kernel/bpf/cgroup.c. For an LSM hook the kernel function may be full instead, on which all
// cgroups have one place together.
function cgroupIsFull({
  code,
  toCgroup,
  program,
  details,
  options,
  cgroup,
}: Failure): Explanation | undefined {
  if (code !== 'E2BIG' || !toCgroup || options.cgroup === undefined) return undefined;
  if (details.type === 'lsm' && programsOnHook(options.cgroup, program) < MOST_PROGRAMS) return undefined;
  const what = details.type === 'lsm' ? 'on this hook' : 'of this attach type';
  return {
    why: `the cgroup ${cgroup} has as many programs ${what} as it can have, ${MOST_PROGRAMS}`,
    reason: 'kernel',
    hint: 'detach one first',
  };
}

const MOST_PROGRAMS = 64;

// kernel/bpf/cgroup.c __cgroup_bpf_attach()
function changedMeanwhile({ code, options, cgroup }: Failure): Explanation | undefined {
  if (code !== 'ESTALE' || options.expectedRevision === undefined) return undefined;
  return {
    why: `what is attached to cgroup ${cgroup} has changed since revision ${options.expectedRevision}`,
    reason: 'input',
    hint: 'look with cgroup.attached() what is there now, and decide again',
  };
}

// kernel/bpf/cgroup.c get_prog_list()
function noSuchNeighbour({ code, syscall, details, options, cgroup }: Failure): Explanation | undefined {
  if (syscall !== 'bpf(BPF_LINK_CREATE)' || typeof options.order !== 'object') return undefined;
  if (code === 'ENOENT') {
    return {
      why: `no program ${details.type === 'lsm' ? 'on this hook' : 'of this attach type'} is attached to cgroup ${cgroup} by the link that order names`,
      reason: 'input',
      hint: 'name one of those that cgroup.attached() gives',
    };
  }
  if (code !== 'EINVAL') return undefined;
  return {
    why: `the link that order names attaches its program with${options.preorder ? 'out' : ''} preorder`,
    reason: 'input',
    hint: 'programs with and without preorder have an order each: name a link of the same kind',
  };
}

// CGROUP_LSM_NUM of include/linux/bpf-cgroup-defs.h; kernel/bpf/cgroup.c bpf_cgroup_atype_find(). A program that was
// loaded for another attach type gets EINVAL as well, but was not taken for an lsm_cgroup/ program here.
function elevenLsmCgroupHooks({ code, details }: Failure): Explanation | undefined {
  if (code !== 'EINVAL' || details.attachType !== 'lsm_cgroup') return undefined;
  return {
    why: 'ten hooks have lsm_cgroup/ programs, and there can be no eleventh at the same time',
    reason: 'kernel',
    hint: 'detach all lsm_cgroup/ programs of one of these hooks first, in every cgroup, or use an lsm/ program that looks at the cgroup itself (bpf_lsm/cgroup.h)',
  };
}

function otherAttachType({ code, toCgroup, options }: Failure): Explanation | undefined {
  if (code !== 'EINVAL' || !toCgroup || options.attachType === undefined) return undefined;
  return { why: `it was not loaded to be attached as ${options.attachType}`, reason: 'input' };
}

// kernel/cgroup/cgroup.c cgroup_v1v2_get_from_fd()
function noCgroup({ code, toCgroup, cgroup }: Failure): Explanation | undefined {
  if (code !== 'EBADF' || !toCgroup) return undefined;
  return {
    why: `${cgroup} is no cgroup v2 directory`,
    reason: 'input',
    hint: 'cgroup v2 is usually mounted at /sys/fs/cgroup',
  };
}

// kernel/bpf/cgroup.c hierarchy_allows_attach()
function alienCgroupProgram({ code, toCgroup, details, cgroup }: Failure): Explanation | undefined {
  if (code !== 'EPERM' || !toCgroup) return undefined;
  if (details.type === 'cgroup_skb') {
    return {
      why: 'this process lacks CAP_NET_ADMIN, or a program that allows no other is attached there',
      reason: 'permission',
      hint: 'run it as root, or give it CAP_NET_ADMIN',
    };
  }
  return {
    why: `at ${cgroup} or above it a program is attached that allows no other`,
    reason: 'permission',
    hint: 'bpf-lsm cgroup tree shows it; detach it, or have it attached with BPF_F_ALLOW_MULTI',
  };
}

// kernel/bpf/map_iter.c and cgroup_iter.c, bpf_iter_attach_*()
function iterateOverWhat({ code, details }: Failure): Explanation | undefined {
  if (code !== 'EBADF' && code !== 'EINVAL') return undefined;
  if (details.attachType !== 'trace_iter') return undefined;
  return {
    why: `an iterator over ${details.target ?? 'this'} must be told what to walk over, and fit it`,
    reason: 'input',
    hint: 'pass attach({ iterate }) with a map, a cgroup, a pid or a tid',
  };
}

function withoutCookies({ code, details, options }: Failure): Explanation | undefined {
  if (code !== 'EINVAL' || !options.cookie) return undefined;
  if (details.attachType !== 'trace_raw_tp' && !details.type.startsWith('raw_tracepoint')) return undefined;
  return {
    why: 'this kernel has no cookies for raw tracepoints',
    reason: 'kernel',
    hint: 'leave the cookie out, or use Linux 6.10 or newer',
  };
}

// kernel/kprobes.c register_kprobe(): no such function, or one that cannot be probed.
function noSuchFunction({ code, details, options }: Failure): Explanation | undefined {
  if (details.type !== 'kprobe' || !['ENOENT', 'EINVAL', 'EILSEQ', 'EADDRNOTAVAIL'].includes(code))
    return undefined;
  return {
    why: `this kernel cannot probe ${options.target ?? details.target}`,
    reason: 'kernel',
    hint: 'see /sys/kernel/tracing/available_filter_functions for functions that can be probed',
  };
}

function noSuchTracepoint({ code, details, options }: Failure): Explanation | undefined {
  if (code !== 'ENOENT' || !details.type.includes('tracepoint')) return undefined;
  return {
    why: `this kernel has no tracepoint ${options.target ?? details.target}`,
    reason: 'kernel',
    hint: 'see /sys/kernel/tracing/events, as root',
  };
}

// kernel/bpf/trampoline.c __bpf_trampoline_link_prog(); kernel/bpf/syscall.c bpf_tracing_prog_attach() forgets the target
// of a freplace/ program once it was attached.
function replacedAlready({ code, details }: Failure): Explanation | undefined {
  if (details.type !== 'ext' || (code !== 'EBUSY' && code !== 'EINVAL')) return undefined;
  if (code === 'EINVAL') {
    return {
      why: 'a freplace/ program is attached once, and this one was',
      reason: 'kernel',
      hint: 'load the object once more',
    };
  }
  return {
    why: 'the function is replaced already, or traced, or its program is in a prog array',
    reason: 'kernel',
    hint: 'close the other link first',
  };
}
