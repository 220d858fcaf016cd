import { readFileSync } from 'node:fs';
import { BpfError } from '../errors.js';
import { native } from '../native.js';

/** Whether something holds: yes, no, or it could not be told; with the reason, and the fix where there is one. */
export interface Finding {
  verdict: 'yes' | 'no' | 'unknown';
  /** One sentence about this machine. */
  reason: string;
  /** What to do about a no or an unknown. */
  fix?: string;
}

const SECURITYFS_LIST = '/sys/kernel/security/lsm';
const FTRACE_SWITCH = '/proc/sys/kernel/ftrace_enabled';

// include/uapi/linux/lsm.h LSM_ID_*, from 100 on.
const LSM_NAMES = [
  'capability',
  'selinux',
  'smack',
  'tomoyo',
  'apparmor',
  'yama',
  'loadpin',
  'safesetid',
  'lockdown',
  'bpf',
  'landlock',
  'ima',
  'evm',
  'ipe',
];

/**
 * The active LSMs in the order in which the kernel asks them; undefined when it could not be told.
 *
 * From securityfs, or from lsm_list_modules(2) (Linux 6.8) where that is not mounted.
 */
export function activeLsms(): string[] | undefined {
  const list = readText(SECURITYFS_LIST);
  if (list !== undefined) return list.split(',').filter((name) => name !== '');
  return native()
    .activeLsmIds()
    ?.map((id) => LSM_NAMES[id - 100] ?? `lsm-${id}`);
}

/** Is `bpf` among the active LSMs? A program on a kernel where it is not attaches, and is never called. */
export function bpfIsActive(lsms: readonly string[] | undefined = activeLsms()): Finding {
  if (!lsms) {
    return {
      verdict: 'unknown',
      reason: `${SECURITYFS_LIST} cannot be read, and this kernel has no lsm_list_modules(2)`,
      fix: 'mount securityfs: mount -t securityfs securityfs /sys/kernel/security',
    };
  }
  const list = lsms.join(',');
  if (lsms.includes('bpf')) return { verdict: 'yes', reason: `bpf is an active LSM: ${list}` };
  return {
    verdict: 'no',
    reason: `bpf is not an active LSM: the list is ${list}`,
    fix: `add this to the kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and reboot: lsm=${withBpf(lsms)}`,
  };
}

/**
 * Is ftrace on? Up to Linux 6.12 at least, `kernel.ftrace_enabled = 0` silently takes every attached LSM program
 * out of the call path (kernel/trace/ftrace.c ftrace_shutdown_sysctl()); 7.3 refuses the switch.
 */
export function ftraceIsOn(): Finding {
  const value = readText(FTRACE_SWITCH)?.trim();
  if (value === undefined) return { verdict: 'unknown', reason: `${FTRACE_SWITCH} cannot be read` };
  if (value !== '0') return { verdict: 'yes', reason: 'kernel.ftrace_enabled is on' };
  return {
    verdict: 'no',
    reason: 'kernel.ftrace_enabled is 0, which silently switches off every attached LSM program',
    fix: 'switch it on: sysctl kernel.ftrace_enabled=1',
  };
}

/**
 * @param allowInactive - let an attachment without effect pass, if that is the only thing wrong with it
 * @throws BpfError `ERR_BPF_INACTIVE` when an attached LSM program would not be consulted, or that could not be
 *   told
 */
export function assertConsulted(program: string, hook: string, allowInactive: boolean): void {
  assertTraced(program, hook);
  const active = bpfIsActive();
  if (active.verdict === 'yes' || allowInactive) return;
  const orElse = 'or attach({ allowInactive: true }) if an attachment without effect is what you want';
  throw notConsulted(program, hook, active, `${active.fix}; ${orElse}`);
}

/** @throws BpfError `ERR_BPF_INACTIVE` when programs on kernel functions are switched off */
export function assertTraced(program: string, target: string): void {
  const ftrace = ftraceIsOn();
  // Attaching while ftrace is off is never right: on Linux 6.1 attaching and detaching so upsets ftrace's books
  // (kernel/trace/ftrace.c ftrace_shutdown() warns), after which nothing can be attached until reboot.
  if (ftrace.verdict === 'no') throw notConsulted(program, target, ftrace, ftrace.fix);
}

function notConsulted(
  program: string,
  hook: string,
  { reason }: Finding,
  hint: string | undefined,
): BpfError {
  const message = `program "${program}" was not attached to ${hook}, since it would not be consulted: ${reason}`;
  return new BpfError(message, { code: 'ERR_BPF_INACTIVE', reason: 'kernel', program, hook, hint });
}

// The list may be given in any order; capability is always first and never named.
function withBpf(lsms: readonly string[]): string {
  return [...lsms.filter((name) => name !== 'capability'), 'bpf'].join(',');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
