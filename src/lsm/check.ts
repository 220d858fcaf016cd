import { release } from 'node:os';
import type { BpfError } from '../errors.js';
import { native } from '../native.js';
import { activeLsms, type Capability, heldCapabilities, lockdownState } from '../object/index.js';
import { type CanaryOutcome, sendCanary } from './canary.js';
import {
  type CheckFinding,
  capabilitiesSuffice,
  consultedWhenActive,
  ftraceOn,
  hooksBuiltIn,
  jitOn,
  memoryReadable,
  typesThere,
} from './findings.js';

/** How thorough {@link check} is. */
export interface CheckOptions {
  /**
   * Whether to attach a program that allows everything, for an instant and to the hook of kill(2), and see it called.
   * Default true. The one proof that an attached program is consulted.
   */
  canary?: boolean;
}

/** What {@link check} found. */
export interface CheckReport {
  /** Whether an LSM program that this process loads and attaches here is consulted. */
  usable: boolean;
  /** The kernel's release, as `uname -r` prints it. */
  kernel: string;
  /** The version of the libbpf in use. */
  libbpf: string;
  /** The active LSMs in their order; null when that cannot be read. */
  lsms: string[] | null;
  /** The effective capabilities of this process, as far as BPF is concerned. */
  capabilities: Capability[];
  /** The lockdown mode; null when that cannot be read. */
  lockdown: 'none' | 'integrity' | 'confidentiality' | null;
  /** The version of the Landlock ABI; null without Landlock. */
  landlockAbi: number | null;
  findings: CheckFinding[];
}

/**
 * Tells whether an LSM program loaded here would really be consulted: not from one sign, but from all of them, a
 * real load and a program that is seen to fire.
 *
 * Each finding is yes, no or could-not-tell, with the reason and the fix. Needs no privilege to run; without any,
 * some findings are unknown.
 */
export async function check(options: CheckOptions = {}): Promise<CheckReport> {
  const { canary = true } = options;
  const [load, fired] = canaryFindings(await sendCanary({ attach: canary }));
  const findings = [
    hooksBuiltIn(),
    consultedWhenActive(),
    typesThere(),
    capabilitiesSuffice(),
    memoryReadable(),
    ftraceOn(),
    jitOn(),
    load,
    fired,
  ];
  return {
    usable: isUsable(findings),
    kernel: release(),
    libbpf: native().libbpfVersion(),
    lsms: activeLsms() ?? null,
    capabilities: [...heldCapabilities()],
    lockdown: lockdownState() ?? null,
    landlockAbi: native().landlockAbi(),
    findings,
  };
}

/**
 * A canary that fired settles it. Where none was sent, everything it depends on must be a yes: what could not be
 * told does not count as one.
 */
function isUsable(findings: readonly CheckFinding[]): boolean {
  const canary = findings.find(({ name }) => name === 'canary');
  if (canary?.verdict === 'yes') return true;
  return (
    canary?.verdict === 'unknown' &&
    findings.every(({ essential, verdict }) => !essential || verdict === 'yes')
  );
}

function canaryFindings(outcome: CanaryOutcome): [load: CheckFinding, canary: CheckFinding] {
  const load = { name: 'load', question: 'an LSM program can be loaded', essential: true } as const;
  const canary = { name: 'canary', question: 'an attached LSM program is called', essential: false } as const;
  switch (outcome.result) {
    case 'fired':
      return [
        { ...load, verdict: 'yes', reason: 'one was loaded' },
        {
          ...canary,
          verdict: 'yes',
          reason: 'one was attached to task_kill, and a signal of this process reached it',
        },
      ];
    case 'silent':
      return [
        { ...load, verdict: 'yes', reason: 'one was loaded' },
        {
          ...canary,
          verdict: 'no',
          reason: 'one was attached to task_kill, and a signal of this process did not reach it',
          fix: 'see the other findings: bpf must be an active LSM',
        },
      ];
    case 'not-sent':
      return [
        { ...load, verdict: 'yes', reason: 'one was loaded' },
        { ...canary, verdict: 'unknown', reason: outcome.why },
      ];
    case 'not-attached':
      return [
        { ...load, verdict: 'yes', reason: 'one was loaded' },
        { ...canary, verdict: 'no', ...explain(outcome.error) },
      ];
    case 'not-loaded':
      return [
        { ...load, verdict: 'no', ...explain(outcome.error) },
        { ...canary, verdict: 'unknown', reason: 'none could be loaded' },
      ];
  }
}

/** An error's message ends with its hint, which is the fix here. */
function explain({ message, hint }: BpfError): { reason: string; fix?: string } {
  return hint ? { reason: message.slice(0, -`; ${hint}`.length), fix: hint } : { reason: message };
}
