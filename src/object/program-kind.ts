import { describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { type NativeProgramDeclaration, native, type ProgramHandle } from '../native.js';
import { kernelBtf } from './kernel-hooks.js';

/** What is known of a loaded program, apart from what the kernel tells. */
export interface ProgramDetails {
  name: string;
  /** libbpf's name of the program type, such as `lsm`. */
  type: string;
  /** The ELF section; undefined for a program that was opened from a pin. */
  section: string | undefined;
  /** libbpf's name of the attach type it was loaded for, such as `lsm_mac`; undefined when that cannot be told. */
  attachType: string | undefined;
  /** The kernel function or tracepoint, or the function of another program, that it attaches to. */
  target: string | undefined;
}

const HOOK_PREFIX = 'bpf_lsm_';

// The attach types of the program types that attach to cgroups.
const CGROUP_TYPES: Readonly<Record<string, readonly string[]>> = {
  lsm: ['lsm_cgroup'],
  cgroup_skb: ['cgroup_inet_ingress', 'cgroup_inet_egress'],
  cgroup_sock: [
    'cgroup_inet_sock_create',
    'cgroup_inet_sock_release',
    'cgroup_inet4_post_bind',
    'cgroup_inet6_post_bind',
  ],
  cgroup_sock_addr: [
    'cgroup_inet4_bind',
    'cgroup_inet6_bind',
    'cgroup_inet4_connect',
    'cgroup_inet6_connect',
    'cgroup_unix_connect',
    'cgroup_udp4_sendmsg',
    'cgroup_udp6_sendmsg',
    'cgroup_unix_sendmsg',
    'cgroup_udp4_recvmsg',
    'cgroup_udp6_recvmsg',
    'cgroup_unix_recvmsg',
    'cgroup_inet4_getpeername',
    'cgroup_inet6_getpeername',
    'cgroup_unix_getpeername',
    'cgroup_inet4_getsockname',
    'cgroup_inet6_getsockname',
    'cgroup_unix_getsockname',
  ],
  cgroup_sockopt: ['cgroup_getsockopt', 'cgroup_setsockopt'],
  cgroup_sysctl: ['cgroup_sysctl'],
  cgroup_device: ['cgroup_device'],
  sock_ops: ['cgroup_sock_ops'],
};

/** All of them. */
export const CGROUP_ATTACH_TYPES: readonly string[] = Object.values(CGROUP_TYPES).flat();

/** The attach types by which programs of a type attach to cgroups; none for types that do not. */
export function cgroupAttachTypes(programType: string): readonly string[] {
  return CGROUP_TYPES[programType] ?? [];
}

/** `enum bpf_attach_type` by libbpf's name. */
export function attachTypeNumber(name: string): number {
  const number = native().attachTypeNumber(name);
  if (number !== null) return number;
  throw new BpfError(`there is no attach type ${describeValue(name)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: 'use a name that bpftool shows, such as cgroup_inet_egress',
  });
}

/** The part of a section's name behind the slash: `lsm.s/bprm_check_security` names `bprm_check_security`. */
export function targetOf(section: string): string | undefined {
  const slash = section.indexOf('/');
  return slash < 0 ? undefined : section.slice(slash + 1);
}

/** The LSM hook in a section name such as `lsm.s/bprm_check_security`; undefined for other programs. */
export function hookOf(section: string): string | undefined {
  return /^(?:lsm|lsm\.s|lsm_cgroup)\/(\w+)$/.exec(section)?.[1];
}

/** The LSM hook of a program; undefined for programs of other types. */
export function hookOfProgram({ type, target }: Pick<ProgramDetails, 'type' | 'target'>): string | undefined {
  return type === 'lsm' ? target && withoutHookPrefix(target) : undefined;
}

/** Hooks are called by their own names, without the `bpf_lsm_` of the kernel function. */
export function withoutHookPrefix(target: string): string {
  return target.startsWith(HOOK_PREFIX) ? target.slice(HOOK_PREFIX.length) : target;
}

/** Of a program that an object file declares. */
export function declaredDetails(spec: NativeProgramDeclaration, target: string | undefined): ProgramDetails {
  const { name, type, section, attachTypeName } = spec;
  return { name, type, section, attachType: attachTypeName, target };
}

/**
 * Of a program whose object file is not at hand. The kernel does not tell what it was loaded for, but it can be
 * asked for programs that attach to cgroups, and for the function that LSM and tracing programs are on.
 */
export function askedDetails(handle: ProgramHandle): ProgramDetails {
  const { name, type, attachBtfId, attachBtfObjectId } = native().programInfo(handle);
  const candidates = cgroupAttachTypes(type);
  const fitting = candidates.filter((attachType) => takes(handle, attachType));
  const attachType = fitting.length === 1 ? fitting[0] : type === 'lsm' ? 'lsm_mac' : undefined;
  return { name, type, section: undefined, attachType, target: functionName(attachBtfObjectId, attachBtfId) };
}

function takes(handle: ProgramHandle, attachType: string): boolean {
  const number = native().attachTypeNumber(attachType);
  return number !== null && native().programTakesAttachType(handle, number, 0);
}

// kernel/bpf/btf.c btf_parse_vmlinux(): the kernel's own BTF is the first to get an id.
const VMLINUX_ID = 1;

/** The name of a function in the running kernel's BTF; undefined for one of a module or of a program. */
export function functionName(btfObjectId: number, btfId: number): string | undefined {
  const btf = btfObjectId === VMLINUX_ID ? kernelBtf() : null;
  if (!btf || btfId < btf.firstId || btfId > btf.types) return undefined;
  return btf.bareNameOf(btfId);
}
