/** The attach types by which the kernel runs programs for a cgroup, and that stand for an LSM hook. */
export type CgroupCarrier =
  | 'cgroup_inet_ingress'
  | 'cgroup_inet_egress'
  | 'cgroup_inet_sock_create'
  | 'cgroup_inet_sock_release'
  | 'cgroup_inet4_post_bind'
  | 'cgroup_inet6_post_bind'
  | 'cgroup_inet4_bind'
  | 'cgroup_inet6_bind'
  | 'cgroup_inet4_connect'
  | 'cgroup_inet6_connect'
  | 'cgroup_unix_connect'
  | 'cgroup_udp4_sendmsg'
  | 'cgroup_udp6_sendmsg'
  | 'cgroup_unix_sendmsg'
  | 'cgroup_udp4_recvmsg'
  | 'cgroup_udp6_recvmsg'
  | 'cgroup_unix_recvmsg'
  | 'cgroup_inet4_getpeername'
  | 'cgroup_inet6_getpeername'
  | 'cgroup_unix_getpeername'
  | 'cgroup_inet4_getsockname'
  | 'cgroup_inet6_getsockname'
  | 'cgroup_unix_getsockname'
  | 'cgroup_getsockopt'
  | 'cgroup_setsockopt';

/**
 * What brings the calls of a hook to a program, and whose cgroup decides whether it is asked: that of the task that
 * makes the call, or that which the socket was made in. They differ when a socket is handed on, or its task moved.
 *
 * - `lsm_cgroup`: an `lsm_cgroup/` program; on one machine ten hooks can have some.
 * - an attach type of cgroups, such as `cgroup_inet_ingress`: a program of that kind, with a context of its own. It sees
 *   what the kernel shows such programs, which may be less than the hook does: `cgroup_inet4_connect` IPv4 only.
 * - `gated_lsm`: an `lsm/` program, which the kernel asks for every task of the machine, and which lets all pass that
 *   are in none of the cgroups of its gate.
 *
 * `lsm_cgroup/` programs go by the task on Linux 6.1 to 7.3, also on hooks whose first argument is a socket:
 * kernel/bpf/bpf_lsm.c bpf_lsm_find_cgroup_shim() compares the type of a pointer with that of the struct.
 */
export type HookCarrier =
  | { readonly name: 'lsm_cgroup'; readonly decides: 'task' }
  | { readonly name: CgroupCarrier; readonly decides: 'socket' }
  | { readonly name: 'gated_lsm'; readonly decides: 'task' | 'socket' };

/** Whose cgroup decides. */
export type Decider = HookCarrier['decides'];

/** A carrier by its name. */
export type CarrierName = HookCarrier['name'];

/** The LSM hook whose calls, or a part of them, each attach type sees. */
const HOOKS: Readonly<Record<CgroupCarrier, string>> = {
  cgroup_inet_ingress: 'socket_sock_rcv_skb',
  cgroup_inet_egress: 'socket_sendmsg',
  cgroup_inet_sock_create: 'socket_post_create',
  cgroup_inet_sock_release: 'sk_free_security',
  cgroup_inet4_post_bind: 'socket_bind',
  cgroup_inet6_post_bind: 'socket_bind',
  cgroup_inet4_bind: 'socket_bind',
  cgroup_inet6_bind: 'socket_bind',
  cgroup_inet4_connect: 'socket_connect',
  cgroup_inet6_connect: 'socket_connect',
  cgroup_unix_connect: 'unix_stream_connect',
  cgroup_udp4_sendmsg: 'socket_sendmsg',
  cgroup_udp6_sendmsg: 'socket_sendmsg',
  cgroup_unix_sendmsg: 'unix_may_send',
  cgroup_udp4_recvmsg: 'socket_recvmsg',
  cgroup_udp6_recvmsg: 'socket_recvmsg',
  cgroup_unix_recvmsg: 'socket_recvmsg',
  cgroup_inet4_getpeername: 'socket_getpeername',
  cgroup_inet6_getpeername: 'socket_getpeername',
  cgroup_unix_getpeername: 'socket_getpeername',
  cgroup_inet4_getsockname: 'socket_getsockname',
  cgroup_inet6_getsockname: 'socket_getsockname',
  cgroup_unix_getsockname: 'socket_getsockname',
  cgroup_getsockopt: 'socket_getsockopt',
  cgroup_setsockopt: 'socket_setsockopt',
};

/** Whether an attach type of cgroups stands for an LSM hook. */
export function isCgroupCarrier(attachType: string | undefined): attachType is CgroupCarrier {
  return attachType !== undefined && Object.hasOwn(HOOKS, attachType);
}

/** The LSM hook that an attach type stands for. */
export function hookOfCarrier(carrier: CgroupCarrier): string {
  return HOOKS[carrier];
}

/** The attach types that stand for a hook; mostly none. */
export function carriersOf(hook: string): CgroupCarrier[] {
  return (Object.keys(HOOKS) as CgroupCarrier[]).filter((carrier) => HOOKS[carrier] === hook);
}

// Called from softirq, from RCU or from a work queue, always or at times: net/core/filter.c sk_filter_trim_cap(),
// net/ipv4/tcp_input.c tcp_conn_request() and tcp_finish_connect(), net/ipv4/inet_connection_sock.c inet_csk_clone_lock(),
// net/core/sock.c sk_prot_free(), kernel/fork.c free_task(), kernel/cred.c put_cred_rcu(), fs/inode.c destroy_inode().
const WITHOUT_TASK: ReadonlySet<string> = new Set([
  'socket_sock_rcv_skb',
  'sk_free_security',
  'sk_clone_security',
  'inet_conn_request',
  'inet_conn_established',
  'inet_csk_clone',
  'task_free',
  'cred_free',
  'inode_free_security',
]);

/** Whether the current task of a hook's calls may be one that has nothing to do with them. */
export function isCalledWithoutTask(hook: string): boolean {
  return WITHOUT_TASK.has(hook);
}
