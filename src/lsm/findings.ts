import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import {
  bpfIsActive,
  type Finding,
  ftraceIsOn,
  hasLsmHooks,
  heldCapabilities,
  inInitialUserNamespace,
  lockdownState,
  missingForLsm,
} from '../object/index.js';

/** One of the things that decide whether LSM programs are consulted here. */
export interface CheckFinding extends Finding {
  /** A stable name, for programs. */
  name: 'built-in' | 'active' | 'btf' | 'capabilities' | 'lockdown' | 'ftrace' | 'jit' | 'load' | 'canary';
  /** What was asked, as a statement that is true when the verdict is yes. */
  question: string;
  /** Whether LSM programs cannot work without it. */
  essential: boolean;
}

/** Is BPF LSM compiled into this kernel? */
export function hooksBuiltIn(): CheckFinding {
  const about = { name: 'built-in', question: 'BPF LSM is built into this kernel', essential: true } as const;
  const hooks = hasLsmHooks() ?? configHasBpfLsm();
  if (hooks === undefined) {
    return {
      ...about,
      verdict: 'unknown',
      reason: `neither the kernel's BTF nor /boot/config-${release()} can be read`,
    };
  }
  return hooks
    ? { ...about, verdict: 'yes', reason: 'the kernel has the bpf_lsm_* hooks' }
    : {
        ...about,
        verdict: 'no',
        reason: 'the kernel was built without CONFIG_BPF_LSM',
        fix: 'use a kernel built with it',
      };
}

/** Is `bpf` in the list of active LSMs? */
export function consultedWhenActive(): CheckFinding {
  return { name: 'active', question: 'bpf is an active LSM', essential: true, ...bpfIsActive() };
}

/** Does the kernel describe its types, without which no LSM program can be loaded? */
export function typesThere(): CheckFinding {
  const about = { name: 'btf', question: 'the kernel has BTF', essential: true } as const;
  const path = '/sys/kernel/btf/vmlinux';
  return existsSync(path)
    ? { ...about, verdict: 'yes', reason: `${path} is there` }
    : {
        ...about,
        verdict: 'no',
        reason: `${path} is not there`,
        fix: 'use a kernel built with CONFIG_DEBUG_INFO_BTF',
      };
}

/** May this process load LSM programs, as far as capabilities go? */
export function capabilitiesSuffice(): CheckFinding {
  const about = {
    name: 'capabilities',
    question: 'this process may load LSM programs',
    essential: true,
  } as const;
  const missing = missingForLsm();
  if (!inInitialUserNamespace()) {
    return {
      ...about,
      verdict: 'no',
      reason: 'this process is in a user namespace, where capabilities do not count for BPF',
      fix: 'run outside of it, as root or with CAP_BPF and CAP_PERFMON',
    };
  }
  return missing.length === 0
    ? { ...about, verdict: 'yes', reason: `this process holds ${[...heldCapabilities()].join(', ')}` }
    : {
        ...about,
        verdict: 'no',
        reason: `this process lacks ${missing.join(' and ')}`,
        fix: 'run as root, or grant CAP_BPF and CAP_PERFMON',
      };
}

/** May programs read kernel memory by address, which BPF_CORE_READ does? */
export function memoryReadable(): CheckFinding {
  const about = {
    name: 'lockdown',
    question: 'programs may read kernel memory by address',
    essential: false,
  } as const;
  const state = lockdownState();
  if (state === undefined)
    return { ...about, verdict: 'unknown', reason: '/sys/kernel/security/lockdown cannot be read' };
  return state === 'confidentiality'
    ? {
        ...about,
        verdict: 'no',
        reason: 'the kernel is locked down: confidentiality',
        fix: 'write programs that read through typed pointers instead of BPF_CORE_READ',
      }
    : { ...about, verdict: 'yes', reason: `lockdown is at ${state}` };
}

/** Is ftrace on, through which programs are called? */
export function ftraceOn(): CheckFinding {
  return { name: 'ftrace', question: 'ftrace is on', essential: true, ...ftraceIsOn() };
}

/** Are programs compiled? */
export function jitOn(): CheckFinding {
  const about = { name: 'jit', question: 'programs are compiled to machine code', essential: false } as const;
  const value = readText('/proc/sys/net/core/bpf_jit_enable')?.trim();
  if (value === undefined)
    return { ...about, verdict: 'unknown', reason: 'net.core.bpf_jit_enable cannot be read' };
  return value !== '0'
    ? { ...about, verdict: 'yes', reason: `net.core.bpf_jit_enable is ${value}` }
    : {
        ...about,
        verdict: 'no',
        reason: 'net.core.bpf_jit_enable is 0',
        fix: 'switch it on: sysctl net.core.bpf_jit_enable=1',
      };
}

function configHasBpfLsm(): boolean | undefined {
  return readText(`/boot/config-${release()}`)?.includes('CONFIG_BPF_LSM=y');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
