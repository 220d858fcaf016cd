import {
  type Capability,
  type Finding,
  heldCapabilities,
  inInitialUserNamespace,
  missingCapabilities,
} from '../../object/index.js';

/** What a feature belongs to. */
export type FeatureGroup =
  | 'programs'
  | 'helpers'
  | 'kfuncs'
  | 'maps'
  | 'links'
  | 'iterators'
  | 'system calls'
  | 'machine';

/** Something BPF programs or their users can do, and whether they can here: the three noes, each by itself. */
export interface Feature {
  group: FeatureGroup;
  /** As the kernel or libbpf calls it. */
  name: string;
  /** Whether this kernel can; unknown when the kernel would not say, which is not a no. */
  kernel: Finding;
  /** Whether the libbpf in use can, as far as it takes part. */
  libbpf: Finding;
  /** Whether this process may. */
  permission: Finding;
}

/** What the kernel answered to a probe. @internal */
export interface Answer {
  /** Positive; 0 for a yes. */
  errno: number;
  log?: string;
}

const EPERM = 1;

/** What is known of a feature before it is asked for. @internal */
export interface Asked {
  name: string;
  /** What it takes to use it. */
  needs: readonly Capability[];
  libbpf?: Finding;
}

const NO_PART: Finding = { verdict: 'yes', reason: 'any libbpf from 1.1 on' };

/** A feature that was really tried. @internal */
export function tried(
  group: FeatureGroup,
  { name, needs, libbpf = NO_PART }: Asked,
  answer: Answer,
  judge: (answer: Answer) => Finding = byErrno,
): Feature {
  return { group, name, libbpf, kernel: judge(answer), permission: permissionBy(answer, needs) };
}

/** A feature that was looked up. @internal */
export function lookedUp(
  group: FeatureGroup,
  { name, needs, libbpf = NO_PART }: Asked,
  kernel: Finding,
): Feature {
  return { group, name, libbpf, kernel, permission: permissionByCapabilities(needs) };
}

/** @internal */
export function byErrno({ errno, log }: Answer): Finding {
  if (errno === 0) return { verdict: 'yes', reason: 'the kernel took one' };
  if (errno === EPERM) return { verdict: 'unknown', reason: 'the kernel refused to say: EPERM' };
  const said = log?.trim().split('\n').at(-2)?.trim() ?? log?.trim();
  return {
    verdict: 'no',
    reason: said ? `the kernel says: ${said}` : `the kernel refuses it with errno ${errno}`,
  };
}

/** Whether the kernel's BTF has something; undefined when there is no BTF to tell. @internal */
export function byBtf(has: boolean | undefined, what: string): Finding {
  if (has === undefined) return { verdict: 'unknown', reason: 'this kernel has no BTF to look it up in' };
  return has
    ? { verdict: 'yes', reason: `the kernel's BTF has ${what}` }
    : { verdict: 'no', reason: `the kernel's BTF has no ${what}` };
}

function permissionBy({ errno }: Answer, needs: readonly Capability[]): Finding {
  if (errno === 0) return { verdict: 'yes', reason: 'this process just did it' };
  const held = permissionByCapabilities(needs);
  if (errno !== EPERM || held.verdict !== 'yes') return held;
  return { verdict: 'no', reason: `it is refused with EPERM, although ${held.reason}` };
}

function permissionByCapabilities(needs: readonly Capability[]): Finding {
  if (needs.length === 0) return { verdict: 'yes', reason: 'it takes no capability' };
  if (!inInitialUserNamespace()) {
    return {
      verdict: 'no',
      reason: 'this process is in a user namespace, where capabilities do not count for BPF',
      fix: `run outside of it, as root or with ${needs.join(' and ')}`,
    };
  }
  const missing = missingCapabilities(needs);
  if (missing.length === 0) {
    const held = [...heldCapabilities()].filter((name) => needs.includes(name) || name === 'CAP_SYS_ADMIN');
    return { verdict: 'yes', reason: `this process holds ${held.join(', ')}` };
  }
  return {
    verdict: 'no',
    reason: `this process lacks ${missing.join(' and ')}`,
    fix: `run as root, or grant ${needs.join(' and ')}`,
  };
}
