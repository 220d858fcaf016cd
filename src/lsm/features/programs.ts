import { native } from '../../native.js';
import { capabilitiesFor, kernelBtf, kernelEnum, lsmHookIds, returning } from '../../object/index.js';
import { type Answer, byBtf, byErrno, type Feature, lookedUp, tried } from './feature.js';
import { libbpfHas } from './libbpf.js';

// enum bpf_prog_type, enum bpf_attach_type, BPF_F_SLEEPABLE of include/uapi/linux/bpf.h
const LSM = 29;
const TRACING = 26;
const SLEEPABLE = 1 << 4;

/** A program that does nothing, of a type that is asked for. */
interface ProgramKind {
  /** As sections are named, in libbpf's words. */
  name: string;
  /** libbpf's name of the type, which decides what it takes to load. */
  type: string;
  programType: number;
  attachType: number;
  flags?: number;
  returns?: number;
  /** The kernel function or tracepoint it is for, in the kernel's BTF. */
  target?: () => number | undefined;
  libbpf?: [symbol: string, since: string];
}

const func = (name: string) => () => kernelBtf()?.find(name, 'func');
const hook = () => lsmHookIds().get('file_open');

const KINDS: readonly ProgramKind[] = [
  { name: 'lsm/', type: 'lsm', programType: LSM, attachType: 27, target: hook },
  { name: 'lsm.s/', type: 'lsm', programType: LSM, attachType: 27, flags: SLEEPABLE, target: hook },
  { name: 'lsm_cgroup/', type: 'lsm', programType: LSM, attachType: 43, returns: 1, target: hook },
  { name: 'fentry/', type: 'tracing', programType: TRACING, attachType: 24, target: func('vfs_read') },
  { name: 'fexit/', type: 'tracing', programType: TRACING, attachType: 25, target: func('vfs_read') },
  {
    name: 'fmod_ret/',
    type: 'tracing',
    programType: TRACING,
    attachType: 26,
    target: func('security_file_open'),
  },
  {
    name: 'tp_btf/',
    type: 'tracing',
    programType: TRACING,
    attachType: 23,
    target: () => kernelBtf()?.find('btf_trace_sched_switch', 'typedef'),
  },
  { name: 'iter/', type: 'tracing', programType: TRACING, attachType: 28, target: func('bpf_iter_task') },
  { name: 'raw_tp/', type: 'raw_tracepoint', programType: 17, attachType: 0 },
  { name: 'tp/', type: 'tracepoint', programType: 5, attachType: 0 },
  { name: 'kprobe/', type: 'kprobe', programType: 2, attachType: 0 },
  { name: 'perf_event', type: 'perf_event', programType: 7, attachType: 0 },
  { name: 'syscall', type: 'syscall', programType: 31, attachType: 0, flags: SLEEPABLE },
  { name: 'socket', type: 'socket_filter', programType: 1, attachType: 0 },
  { name: 'cgroup_skb/', type: 'cgroup_skb', programType: 8, attachType: 0, returns: 1 },
  { name: 'cgroup/sock_create', type: 'cgroup_sock', programType: 9, attachType: 2, returns: 1 },
  { name: 'cgroup/connect4', type: 'cgroup_sock_addr', programType: 18, attachType: 10, returns: 1 },
  {
    name: 'cgroup/connect_unix',
    type: 'cgroup_sock_addr',
    programType: 18,
    attachType: 49,
    returns: 1,
    libbpf: ['bpf_program__attach_netfilter', '1.3'],
  },
  { name: 'cgroup/dev', type: 'cgroup_device', programType: 15, attachType: 6, returns: 1 },
  { name: 'cgroup/sysctl', type: 'cgroup_sysctl', programType: 23, attachType: 18, returns: 1 },
  { name: 'cgroup/getsockopt', type: 'cgroup_sockopt', programType: 25, attachType: 21, returns: 1 },
  { name: 'sockops', type: 'sock_ops', programType: 13, attachType: 3, returns: 1 },
  {
    name: 'netfilter',
    type: 'netfilter',
    programType: 32,
    attachType: 45,
    returns: 1,
    libbpf: ['bpf_program__attach_netfilter', '1.3'],
  },
];

/** Every program type of use beside LSM programs, each by loading one that does nothing. @internal */
export function programFeatures(): Feature[] {
  return [...KINDS.map(programFeature), ...looked()];
}

function programFeature(kind: ProgramKind): Feature {
  const { name, type, target, libbpf } = kind;
  const asked = { name, needs: capabilitiesFor(type), ...(libbpf && { libbpf: libbpfHas(...libbpf) }) };
  const attachBtfId = target ? target() : 0;
  if (attachBtfId === undefined) {
    const known = kernelBtf() ? false : undefined;
    return lookedUp('programs', asked, byBtf(known, `function that a program in ${name} could be for`));
  }
  return tried('programs', asked, load(kind, attachBtfId), judge);
}

function load({ programType, attachType, flags = 0, returns = 0 }: ProgramKind, attachBtfId: number): Answer {
  const probe = { programType, attachType, flags, attachBtfId, logLevel: 1 };
  return native().probeProgram(probe, Buffer.concat(returning(returns)));
}

function judge(answer: Answer) {
  return answer.errno === 0 ? { verdict: 'yes' as const, reason: 'one was loaded' } : byErrno(answer);
}

/** Types that take more than two instructions to try: the kernel's enumerations know them, or do not. */
function looked(): Feature[] {
  const types = kernelEnum('bpf_prog_type');
  return (['struct_ops', 'ext'] as const).map((type) => {
    const constant = `BPF_PROG_TYPE_${type.toUpperCase()}`;
    return lookedUp(
      'programs',
      { name: type === 'ext' ? 'freplace/' : 'struct_ops/', needs: capabilitiesFor(type) },
      byBtf(types?.has(constant), constant),
    );
  });
}
