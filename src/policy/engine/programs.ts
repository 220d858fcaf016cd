import { hasLsmHooks, hookPrototype } from '../../object/index.js';
import type { Operation } from '../model/index.js';

/** An object of the engine: bpf/engine/NAME.bpf.c. */
export type EngineObject = 'files' | 'moves' | 'domains' | 'network';

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
const MOVES = [on('moves', 'path_link', 'judge_hard_link'), on('moves', 'path_rename', 'judge_rename')];

// They leave word for each other of what a datagram over a unix socket is for, a connection or a message.
const CONNECT_AND_SEND = [
  on('network', 'socket_connect', 'judge_connect'),
  on('network', 'socket_sendmsg', 'judge_send'),
  on('network', 'unix_may_send', 'judge_unix_datagram'),
];
const SCTP = on('network', 'sctp_bind_connect', 'judge_sctp');

/** The programs that carry each operation; what is renamed or linked is judged for what it would lose, too. */
const CARRIERS: Partial<Record<Operation, readonly EngineProgram[]>> = {
  read: [OPEN, ...MOVES],
  write: [OPEN, ...MOVES],
  append: [OPEN, ...MOVES],
  exec: [
    on('files', 'bprm_creds_for_exec', 'judge_execution'),
    on('files', 'bprm_check_security', 'judge_interpreter'),
    ...MOVES,
  ],
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
  socket: [on('network', 'socket_create', 'judge_socket')],
  bind: [on('network', 'socket_bind', 'judge_bind'), on('network', 'path_mknod', 'judge_unix_bind'), SCTP],
  listen: [on('network', 'socket_listen', 'judge_listen')],
  connect: [...CONNECT_AND_SEND, on('network', 'unix_stream_connect', 'judge_unix_connect'), SCTP],
  accept: [on('network', 'socket_accept', 'judge_accept')],
  send: CONNECT_AND_SEND,
};

/** What puts a new task into the domains of its parent. */
export const INHERITANCE: EngineProgram = on('domains', 'task_alloc', 'inherit_domains');

// Linux 6.2 has truncations of open files apart; before, path_truncate sees them.
const NOT_EVERYWHERE: ReadonlySet<string> = new Set(['file_truncate']);

/** Whether the engine enforces an operation. */
export function isCarried(operation: Operation): boolean {
  return operation in CARRIERS;
}

/** The programs that carry these operations on this kernel. */
export function programsFor(operations: readonly Operation[]): EngineProgram[] {
  const programs = operations.flatMap((operation) => CARRIERS[operation] ?? []);
  return [...new Set(programs)].filter(({ hook }) => !NOT_EVERYWHERE.has(hook) || hasHook(hook));
}

/** Every program that the engine may have attached. */
export const ALL_PROGRAMS: readonly EngineProgram[] = [
  ...new Set([...Object.values(CARRIERS).flat(), INHERITANCE]),
];

function hasHook(hook: string): boolean {
  return hasLsmHooks() === true && hookPrototype(hook) !== undefined;
}
