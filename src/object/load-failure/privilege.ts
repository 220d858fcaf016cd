import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { activeLsms } from '../consulted.js';
import { capabilitiesFor, inInitialUserNamespace, missingCapabilities } from '../privileges.js';
import type { Explanation, Failure } from './failure.js';

export function userNamespace(failure: Failure): Explanation | undefined {
  if (failure.error.code !== 'EPERM' || inInitialUserNamespace()) return undefined;
  return {
    why: 'this process is in a user namespace, where capabilities do not count for BPF',
    reason: 'permission',
    hint: 'run it outside, as root or with CAP_BPF and CAP_PERFMON',
  };
}

export function missingCapability({ error, program, programs }: Failure): Explanation | undefined {
  if (error.code !== 'EPERM') return undefined;
  // Without CAP_BPF not even the first map, or libbpf's probe, gets as far as a program.
  const types = program ? [program.type] : programs.map(({ type }) => type);
  const needed = [...new Set(['CAP_BPF' as const, ...types.flatMap(capabilitiesFor)])];
  const missing = missingCapabilities(needed);
  if (missing.length === 0) return undefined;
  const files = needed.map((name) => name.toLowerCase()).join(',');
  return {
    why: `this process lacks ${missing.join(' and ')}${closedToOthers(missing)}`,
    reason: 'permission',
    hint: `run it as root, or give it ${needed.join(' and ')} (setcap ${files}+ep on the node binary, or AmbientCapabilities= in its systemd unit)`,
  };
}

/** A few types need no capability where this is 0. */
function closedToOthers(missing: readonly string[]): string {
  if (missing.length !== 1 || missing[0] !== 'CAP_BPF') return '';
  try {
    const value = readFileSync('/proc/sys/kernel/unprivileged_bpf_disabled', 'utf8').trim();
    return value === '0' ? '' : `, and kernel.unprivileged_bpf_disabled is ${value}`;
  } catch {
    return '';
  }
}

// Up to Linux 5.10 BPF memory counts against RLIMIT_MEMLOCK. libbpf's pr_perm_msg() guesses at it on every kernel.
export function memoryLimit({ error, libbpf }: Failure): Explanation | undefined {
  const limit = /try raising 'ulimit -l'\? current value: (.+)/.exec(libbpf)?.[1];
  if (error.code !== 'EPERM' || !limit || !countsLockedMemory()) return undefined;
  return {
    why: `this kernel counts BPF memory against RLIMIT_MEMLOCK, which is ${limit}`,
    reason: 'permission',
    hint: 'raise it: ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit',
  };
}

function countsLockedMemory(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major < 5 || (major === 5 && minor < 11);
}

export function refusedOutright({ error, program, verifier }: Failure): Explanation | undefined {
  if (error.code !== 'EPERM' || verifier) return undefined;
  const listed = activeLsms()?.includes('bpf')
    ? ' although bpf is in its list of active LSMs and'
    : ' although';
  return {
    why: `this kernel refuses ${program?.type === 'lsm' ? 'LSM programs' : 'it'} with EPERM${listed} this process has the capabilities`,
    reason: 'kernel',
    hint: 'something above capabilities forbids it (a sandbox, a container, a security module or a patched kernel): use another machine, or a guest (npm run vm)',
  };
}
