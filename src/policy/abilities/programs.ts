import { hasLsmHooks, hookPrototype } from '../../object/index.js';
import type { Operation } from '../model/index.js';

/** An object of the engine: bpf/engine/NAME.bpf.c. */
export type EngineObject =
  | 'files'
  | 'mappings'
  | 'attributes'
  | 'moves'
  | 'domains'
  | 'processes'
  | 'kernel'
  | 'mounts'
  | 'network';

/** A program of the engine. */
export interface EngineProgram {
  readonly object: EngineObject;
  readonly program: string;
  readonly hook: string;
}

const on = (object: EngineObject, hook: string, program: string): EngineProgram => ({
  object,
  program,
  hook,
});

const OPEN = on('files', 'file_open', 'judge_open');
const RECEIVE = on('files', 'file_receive', 'judge_receive');
const SET_FLAGS = on('files', 'file_fcntl', 'judge_set_flags');
const MMAP = on('mappings', 'mmap_file', 'judge_mmap');
const MPROTECT = on('mappings', 'file_mprotect', 'judge_mprotect');
const SETXATTR = on('attributes', 'inode_setxattr', 'judge_setxattr');
const REMOVEXATTR = on('attributes', 'inode_removexattr', 'judge_removexattr');
const EXECUTION = on('files', 'bprm_creds_for_exec', 'judge_execution');
const INTERPRETER = on('files', 'bprm_check_security', 'judge_interpreter');
const MOUNT = on('mounts', 'sb_mount', 'judge_mount');
const MOVE_MOUNT = on('mounts', 'move_mount', 'judge_move_mount');
const READ_BY_KERNEL = on('kernel', 'kernel_read_file', 'judge_read_by_kernel');
const LOAD_BY_KERNEL = on('kernel', 'kernel_load_data', 'judge_load_by_kernel');
const PTRACE = on('processes', 'ptrace_access_check', 'judge_ptrace');
// They leave word for each other of what a datagram over a unix socket is for, a connection or a message.
const CONNECT_AND_SEND = [
  on('network', 'socket_connect', 'judge_connect'),
  on('network', 'socket_sendmsg', 'judge_send'),
  on('network', 'unix_may_send', 'judge_unix_datagram'),
];
const SCTP = on('network', 'sctp_bind_connect', 'judge_sctp');
const MOVES = [on('moves', 'path_link', 'judge_hard_link'), on('moves', 'path_rename', 'judge_rename')];

/** The programs that carry each operation; what is renamed or linked is judged for what it would lose, too. */
const CARRIERS: Partial<Record<Operation, readonly EngineProgram[]>> = {
  read: [OPEN, RECEIVE, MMAP, ...MOVES],
  write: [OPEN, RECEIVE, MMAP, MPROTECT, SET_FLAGS, ...MOVES],
  append: [OPEN, RECEIVE, MMAP, MPROTECT, SET_FLAGS, ...MOVES],
  exec: [EXECUTION, INTERPRETER, ...MOVES],
  create: [
    on('files', 'path_mknod', 'judge_mknod'),
    on('files', 'path_mkdir', 'judge_mkdir'),
    on('files', 'path_symlink', 'judge_symlink'),
    ...MOVES,
  ],
  remove: [on('files', 'path_unlink', 'judge_unlink'), on('files', 'path_rmdir', 'judge_rmdir'), ...MOVES],
  rename: MOVES,
  link: MOVES,
  truncate: [
    on('files', 'path_truncate', 'judge_truncate'),
    on('files', 'file_truncate', 'judge_ftruncate'),
    ...MOVES,
  ],
  chmod: [on('attributes', 'path_chmod', 'judge_chmod'), ...MOVES],
  chown: [on('attributes', 'path_chown', 'judge_chown'), ...MOVES],
  xattr: [SETXATTR, REMOVEXATTR, ...MOVES],
  acl: [
    on('attributes', 'inode_set_acl', 'judge_set_acl'),
    on('attributes', 'inode_remove_acl', 'judge_remove_acl'),
    SETXATTR,
    REMOVEXATTR,
    ...MOVES,
  ],
  ioctl: [
    on('attributes', 'file_ioctl', 'judge_ioctl'),
    on('attributes', 'file_ioctl_compat', 'judge_compat_ioctl'),
    on('attributes', 'uring_cmd', 'judge_uring_command'),
    ...MOVES,
  ],
  'map-exec': [MMAP, MPROTECT, ...MOVES],
  'map-write-exec': [MMAP, MPROTECT],
  'map-anonymous-exec': [MMAP],
  'make-exec': [MPROTECT],
  'exec-stack': [MPROTECT],
  'exec-heap': [MPROTECT],
  'mount-on': [MOUNT, MOVE_MOUNT, ...MOVES],
  'exec-interpreter': [INTERPRETER, ...MOVES],
  'exec-anonymous': [EXECUTION, INTERPRETER],
  ptrace: [PTRACE, on('processes', 'ptrace_traceme', 'judge_traceme')],
  'ptrace-read': [PTRACE],
  signal: [on('processes', 'task_kill', 'judge_signal')],
  'set-uid': [on('processes', 'task_fix_setuid', 'judge_set_uid')],
  'set-gid': [
    on('processes', 'task_fix_setgid', 'judge_set_gid'),
    on('processes', 'task_fix_setgroups', 'judge_set_groups'),
  ],
  capability: [on('processes', 'capable', 'judge_capability')],
  'create-user-namespace': [on('processes', 'userns_create', 'judge_user_namespace')],
  socket: [on('network', 'socket_create', 'judge_socket')],
  bind: [on('network', 'socket_bind', 'judge_bind'), on('network', 'path_mknod', 'judge_unix_bind'), SCTP],
  listen: [on('network', 'socket_listen', 'judge_listen')],
  connect: [...CONNECT_AND_SEND, on('network', 'unix_stream_connect', 'judge_unix_connect'), SCTP],
  accept: [on('network', 'socket_accept', 'judge_accept')],
  send: CONNECT_AND_SEND,
  'load-module': [
    READ_BY_KERNEL,
    LOAD_BY_KERNEL,
    on('kernel', 'kernel_module_request', 'judge_module_request'),
  ],
  bpf: [on('kernel', 'bpf', 'judge_bpf')],
  kexec: [READ_BY_KERNEL, LOAD_BY_KERNEL],
  perf: [on('kernel', 'perf_event_open', 'judge_perf')],
  mount: [MOUNT, on('mounts', 'sb_kern_mount', 'judge_kernel_mount'), MOVE_MOUNT],
  remount: [MOUNT, on('mounts', 'sb_remount', 'judge_remount')],
  umount: [on('mounts', 'sb_umount', 'judge_umount')],
  'move-mount': [MOUNT, MOVE_MOUNT],
  'pivot-root': [on('mounts', 'sb_pivotroot', 'judge_pivot_root')],
  chroot: [on('mounts', 'path_chroot', 'judge_chroot')],
  'set-time': [on('kernel', 'settime', 'judge_set_time')],
  syslog: [on('kernel', 'syslog', 'judge_syslog')],
  lockdown: [on('kernel', 'locked_down', 'judge_lockdown')],
};

/** What puts a new task into the domains of its parent. */
export const INHERITANCE: EngineProgram = on('domains', 'task_alloc', 'inherit_domains');

// Linux 6.2 has truncations of open files and access control lists apart; before, path_truncate and inode_setxattr see them.
// Linux 6.0 has uring_cmd; 6.8, and stable kernels after it, file_ioctl_compat.
const NOT_EVERYWHERE: ReadonlySet<string> = new Set([
  'file_truncate',
  'inode_set_acl',
  'inode_remove_acl',
  'file_ioctl_compat',
  'uring_cmd',
]);

/** Whether the engine enforces an operation. */
export function isCarried(operation: Operation): boolean {
  return operation in CARRIERS;
}

/** Whether it has a program at a hook that judges an operation. */
export function carries(operation: Operation, hook: string): boolean {
  return CARRIERS[operation]?.some((program) => program.hook === hook) ?? false;
}

/** The programs that carry these operations on this kernel. */
export function programsFor(operations: readonly Operation[]): EngineProgram[] {
  const programs = operations.flatMap((operation) => CARRIERS[operation] ?? []);
  return [...new Set(programs)].filter(({ hook }) => !NOT_EVERYWHERE.has(hook) || hasHook(hook));
}

function hasHook(hook: string): boolean {
  return hasLsmHooks() === true && hookPrototype(hook) !== undefined;
}
