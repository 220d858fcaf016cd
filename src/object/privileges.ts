import { readFileSync, readlinkSync } from 'node:fs';

/** The capabilities that BPF asks for. */
export type Capability = 'CAP_BPF' | 'CAP_PERFMON' | 'CAP_NET_ADMIN' | 'CAP_SYS_ADMIN';

// include/uapi/linux/capability.h
const BITS: Readonly<Record<Capability, bigint>> = {
  CAP_NET_ADMIN: 1n << 12n,
  CAP_SYS_ADMIN: 1n << 21n,
  CAP_PERFMON: 1n << 38n,
  CAP_BPF: 1n << 39n,
};

// include/linux/proc_ns.h PROC_USER_INIT_INO: the inode number of the first user namespace.
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

/** The effective capabilities of this process, as far as BPF is concerned. */
export function heldCapabilities(): Set<Capability> {
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const names = Object.keys(BITS) as Capability[];
  return new Set(names.filter((name) => (effective & BITS[name]) !== 0n));
}

/** Which capabilities are missing for loading LSM programs: CAP_BPF and CAP_PERFMON are needed. */
export function missingForLsm(held?: ReadonlySet<Capability>): Capability[] {
  return missingCapabilities(capabilitiesFor('lsm'), held);
}

/**
 * Which capabilities are not held. CAP_SYS_ADMIN stands for the others (Linux 5.8; kernel/bpf/syscall.c
 * bpf_prog_load()).
 */
export function missingCapabilities(
  needed: readonly Capability[],
  held: ReadonlySet<Capability> = heldCapabilities(),
): Capability[] {
  return held.has('CAP_SYS_ADMIN') ? [] : needed.filter((name) => !held.has(name));
}

/**
 * What loading a program takes (kernel/bpf/syscall.c is_perfmon_prog_type(), is_net_admin_prog_type()).
 *
 * @param type - libbpf's name of the program type, such as `lsm`
 */
export function capabilitiesFor(type: string): Capability[] {
  return [
    'CAP_BPF',
    ...(PERFMON_TYPES.test(type) ? (['CAP_PERFMON'] as const) : []),
    ...(NET_ADMIN_TYPES.test(type) ? (['CAP_NET_ADMIN'] as const) : []),
  ];
}

const PERFMON_TYPES =
  /^(lsm|tracing|kprobe|tracepoint|perf_event|raw_tracepoint(_writable)?|struct_ops|ext)$/;
const NET_ADMIN_TYPES =
  /^(cgroup_(device|sock|sock_addr|sockopt|sysctl)|sock_ops|sched_(cls|act)|xdp|lwt_\w+|sk_(skb|msg|lookup)|flow_dissector|netfilter|ext)$/;

/** Capabilities count only in the first user namespace; in another, as in a rootless container, they do not. */
export function inInitialUserNamespace(): boolean {
  return readlinkSync('/proc/self/ns/user') === INITIAL_USER_NAMESPACE;
}
