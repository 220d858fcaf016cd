import type { OperationOf } from '../model/index.js';
import type { Carriers } from './carriers.js';

/** What carries the operations on the kernel itself. */
export const KERNEL: { readonly [Name in OperationOf<'kernel'>]: Carriers } = {
  'load-module': {
    meaning: 'A module is loaded, or the kernel is made to load one.',
    routes: [
      { how: 'finit_module(2)', hooks: ['kernel_read_file'] },
      { how: 'init_module(2)', hooks: ['kernel_load_data'] },
      { how: 'what makes the kernel ask for a module', hooks: ['kernel_module_request'] },
    ],
    blind: [
      'The kernel has modprobe load what was asked for: a process of its own, in the scope of policies for the host only.',
    ],
  },
  bpf: {
    meaning: 'The system call bpf(2) is made.',
    routes: [{ how: 'bpf(2)', hooks: ['bpf'] }],
    blind: [
      'What maps of a process that has them mapped into memory hold is not asked about.',
      'Programs that are attached go on running.',
    ],
  },
  kexec: {
    meaning: 'Another kernel is put in place to boot.',
    routes: [
      { how: 'kexec_load(2)', hooks: ['kernel_load_data'] },
      { how: 'kexec_file_load(2)', hooks: ['kernel_read_file'] },
    ],
    blind: ['What was loaded before can still be booted, by reboot(2).'],
  },
  perf: {
    meaning: 'A performance event is opened.',
    routes: [{ how: 'perf_event_open(2)', hooks: ['perf_event_open'] }],
    blind: ['Events that are open stay open.'],
  },
  mount: {
    meaning: 'A file system is mounted, or a directory once more.',
    routes: [
      { how: 'mount(2)', hooks: ['sb_mount'] },
      { how: 'fsconfig(2) with FSCONFIG_CMD_CREATE', hooks: ['sb_kern_mount'] },
      { how: 'move_mount(2) of what open_tree(2) copied', hooks: ['move_mount'] },
    ],
    blind: [
      'A new mount namespace copies all mounts.',
      'open_tree(2) with OPEN_TREE_CLONE makes a mount that is nowhere, and what is on it can be used by its descriptor.',
      'Automounts are made by the kernel.',
      'A move_mount(2) of what fsmount(2) made cannot be told from one of what open_tree(2) copied: a copy of a whole file system has its type, that of a part has none, like a bind mount.',
    ],
  },
  remount: {
    meaning: 'The options of a mounted file system are changed, or how mounts propagate.',
    routes: [
      { how: 'mount(2) with MS_REMOUNT', hooks: ['sb_mount'] },
      { how: 'fsconfig(2) with FSCONFIG_CMD_RECONFIGURE', hooks: ['sb_remount'] },
    ],
    blind: ['mount_setattr(2) changes flags such as nosuid, and no LSM is asked.'],
  },
  umount: {
    meaning: 'A mount is taken away.',
    routes: [{ how: 'umount2(2)', hooks: ['sb_umount'] }],
    blind: ['Mounts go away with their mount namespace.'],
  },
  'move-mount': {
    meaning: 'A mount is moved to another place.',
    routes: [
      { how: 'mount(2) with MS_MOVE', hooks: ['sb_mount'] },
      { how: 'move_mount(2)', hooks: ['move_mount'] },
    ],
    blind: [],
  },
  'pivot-root': {
    meaning: 'The root of a mount namespace is exchanged.',
    routes: [{ how: 'pivot_root(2)', hooks: ['sb_pivotroot'] }],
    blind: ['Moving a mount over the root has a like effect: that is move-mount.'],
  },
  chroot: {
    meaning: 'A process changes its root directory.',
    routes: [{ how: 'chroot(2)', hooks: ['path_chroot'] }],
    blind: ['setns(2) into a mount namespace changes it as well.'],
  },
  swap: {
    meaning: 'Swap space is added or taken away.',
    routes: [],
    blind: [],
    instead: 'deny capability CAP_SYS_ADMIN, which it takes',
  },
  'set-time': {
    meaning: 'The clock is set.',
    routes: [{ how: 'clock_settime(2), settimeofday(2)', hooks: ['settime'] }],
    blind: [
      'adjtimex(2) and clock_adjtime(2), which can also set it, ask no LSM: deny capability CAP_SYS_TIME.',
    ],
  },
  syslog: {
    meaning: 'The log of the kernel is read or controlled.',
    routes: [{ how: 'syslog(2), /proc/kmsg, /dev/kmsg', hooks: ['syslog'] }],
    blind: ['What a daemon has read and written to files is files.'],
  },
  lockdown: {
    meaning: 'Something is done that lockdown would forbid, by its reasons: such as LOCKDOWN_DEV_MEM.',
    routes: [{ how: 'whatever has such a reason', hooks: ['locked_down'] }],
    blind: [
      'Kernels built without CONFIG_SECURITY_LOCKDOWN_LSM ask all the same; each kernel has reasons of its own.',
    ],
  },
};
