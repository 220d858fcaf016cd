import type { OperationOf } from '../model/index.js';
import type { Carriers } from './carriers.js';

/** What carries the operations of processes. */
export const PROCESSES: { readonly [Name in OperationOf<'processes'>]: Carriers } = {
  'exec-interpreter': {
    meaning: 'A file is executed as the interpreter of a script, by its #! line or by binfmt_misc.',
    routes: [{ how: 'execve(2) of a script', hooks: ['bprm_check_security'] }],
    blind: [
      'The dynamic loader that a program names is no interpreter here: map-exec sees it.',
      'An interpreter that is executed by itself and given a script is exec only.',
    ],
  },
  'exec-anonymous': {
    meaning: 'A file without a name is executed: of memfd_create(2), of O_TMPFILE, or one that was removed.',
    routes: [{ how: 'execveat(2) and execve(2) of /proc/self/fd/N', hooks: ['bprm_creds_for_exec'] }],
    blind: ['A file that is removed after it was executed goes on running.'],
  },
  ptrace: {
    meaning: 'A process is traced, or its memory, descriptors or namespaces are reached into.',
    routes: [
      {
        how: 'ptrace(2), /proc/PID/mem, process_vm_writev(2), pidfd_getfd(2)',
        hooks: ['ptrace_access_check'],
      },
      { how: 'ptrace(2) with PTRACE_TRACEME', hooks: ['ptrace_traceme'] },
    ],
    blind: [
      'A tracer that was there before the policy stays, and /proc/PID/mem that is open stays open.',
      'A process always reaches its own memory.',
    ],
  },
  'ptrace-read': {
    meaning: 'What a process keeps to itself is read: its environment, its mappings, what it has open.',
    routes: [
      {
        how: '/proc/PID/environ, maps, fd and others, process_madvise(2), kcmp(2)',
        hooks: ['ptrace_access_check'],
      },
    ],
    blind: [
      'Much of /proc/PID is readable without being asked about, the command line among it.',
      'Since Linux 6.15 a process with CAP_PERFMON or CAP_SYS_ADMIN reads environ, maps and the like whatever the hook answers: deny these capabilities as well.',
    ],
  },
  signal: {
    meaning: 'A process is sent a signal, or asked whether it is there.',
    routes: [{ how: 'kill(2), tgkill(2), pidfd_send_signal(2), sigqueue(3)', hooks: ['task_kill'] }],
    blind: [
      'Signals that the kernel sends are not judged: of terminals, timers, broken pipes and the OOM killer.',
      'SIGIO of a file goes to its owner without asking this hook.',
    ],
  },
  'set-uid': {
    meaning: 'A process changes its user ids.',
    routes: [{ how: 'setuid(2) and its kin', hooks: ['task_fix_setuid'] }],
    blind: [
      'Executing a set-user-ID file is exec of an object with setId.',
      'Entering a user namespace changes what ids mean.',
    ],
  },
  'set-gid': {
    meaning: 'A process changes its group ids or its supplementary groups.',
    routes: [
      { how: 'setgid(2) and its kin', hooks: ['task_fix_setgid'] },
      { how: 'setgroups(2)', hooks: ['task_fix_setgroups'] },
    ],
    blind: ['Executing a set-group-ID file is exec of an object with setId.'],
  },
  capability: {
    meaning: 'A capability is used that the process has.',
    routes: [{ how: 'whatever needs it', hooks: ['capable'] }],
    blind: [
      'The kernel also asks in passing, where nothing fails without it: a denial is not always seen from outside.',
      'Credentials that the kernel takes on for a process count as its own: of the opener of a file, or of the mounter of an overlay.',
      'In a user namespace capabilities over its own things are asked for as well.',
    ],
  },
  'create-user-namespace': {
    meaning: 'A user namespace is created.',
    routes: [{ how: 'clone(2) and unshare(2) with CLONE_NEWUSER', hooks: ['userns_create'] }],
    blind: ['Entering one that is there, by setns(2), is not seen.'],
  },
  'create-namespace': {
    meaning: 'A namespace that is no user namespace is created.',
    routes: [],
    blind: [],
    instead:
      'deny capability CAP_SYS_ADMIN, which it takes, and create-user-namespace, in which everybody has that',
  },
};
