import { type EngineProgram, INHERITANCE, programsFor } from '../abilities/index.js';
import { ALL_OPERATIONS, type Operation } from '../model/index.js';
import type { Generations, State } from './generations.js';
import { Guard } from './guard.js';
import { KernelObjects } from './kernel-objects.js';
import { type Candidate, OPERATIONS } from './layout.js';
import { type Report, readReport } from './report.js';

/** A policy that is applied. */
export interface AppliedPolicy {
  readonly name: string;
  readonly mode: 'audit' | 'enforce';
  /** How often it denied each operation since it was applied, or would have; those it never denied are not among them. */
  readonly denials: Readonly<Partial<Record<Operation, bigint>>>;
}

/** What the engine does at present. */
export interface EngineStatus {
  /** The number of the generation that decides: each application has a new one. */
  readonly generation: number;
  /** The policies that decide. */
  readonly policies: readonly AppliedPolicy[];
  /** The number of the generation that {@link rollbackPolicies} leads to. */
  readonly previous: number;
  /** When the policies before come back unless {@link confirmPolicies} is called, in nanoseconds since boot (CLOCK_BOOTTIME). */
  readonly confirmUntilNs: bigint | undefined;
  /** Whether that time has passed: the policies before have come back. */
  readonly expired: boolean;
  /** The programs that are attached. */
  readonly programs: readonly string[];
  /**
   * Programs without which policies are not enforced in full, and tables that they judge by, that somebody took away: apply
   * the policies again.
   */
  readonly absent: readonly string[];
  /** How many calls were not judged since somebody took the policies out of the engine's maps. */
  readonly unjudged: bigint;
  /** How many objects could not be followed to the top of the file hierarchy: see a policy's `onExhaustion`. */
  readonly lost: bigint;
  /** Whether the engine is guarded, and only who has the token changes it. */
  readonly guarded: boolean;
  /** How often the guard has turned somebody away since it was put up, and how many wrong tokens it was shown. */
  readonly turnedAway: { readonly denied: bigint; readonly wrongTokens: bigint };
}

/** What an engine does, as its maps have it. */
export function statusOf(
  objects: KernelObjects,
  generations: Generations,
  directory: string,
  state: State = generations.state,
): EngineStatus {
  const now = decidingNow(state);
  const denials = generations.denialsIn(now);
  const programs = objects.attached();
  const { troubles } = generations;
  const report = readReport(directory);
  return {
    generation: now.number,
    policies: generations.policiesIn(now).map(({ name, enforced }, index) => ({
      name,
      mode: enforced ? 'enforce' : 'audit',
      denials: denialsOf(denials.slice(index * OPERATIONS, (index + 1) * OPERATIONS)),
    })),
    previous: state.expired ? state.active.number : state.fallback.number,
    confirmUntilNs: state.deadline_ns === 0n ? undefined : state.deadline_ns,
    expired: state.expired,
    programs,
    absent: [...absentOf(now, programs, directory, report), ...generations.missingOf(now)],
    unjudged: troubles.missing,
    lost: troubles.lost,
    ...guardOf(report),
  };
}

/** The same of a guarded engine, as it reports it to everybody. */
export function reportedStatus(directory: string, report: Report): EngineStatus {
  const { number, previous, deadlineNs, expired, byHost, byCgroup, byDomain, policies, lost, missing } =
    report;
  const programs = KernelObjects.attachedIn(directory);
  const now = { by_host: byHost, by_cgroup: byCgroup, by_domain: byDomain };
  return {
    generation: number,
    policies: policies.map(({ name, enforced, denials }) => ({
      name,
      mode: enforced ? 'enforce' : 'audit',
      denials: denialsOf(denials),
    })),
    previous,
    confirmUntilNs: deadlineNs === 0n ? undefined : deadlineNs,
    expired,
    programs,
    absent: absentOf(now, programs, directory, report),
    unjudged: missing,
    lost,
    ...guardOf(report),
  };
}

type Operations = Pick<Candidate, 'by_host' | 'by_cgroup' | 'by_domain'>;

function absentOf(
  now: Operations,
  attached: readonly string[],
  directory: string,
  report: Report | undefined,
): string[] {
  const missing = needed(now)
    .map(({ program }) => program)
    .filter((program) => !attached.includes(program));
  return report?.armed ? [...missing, ...Guard.absent(directory)] : missing;
}

function guardOf(report: Report | undefined): Pick<EngineStatus, 'guarded' | 'turnedAway'> {
  const { armed = false, denied = 0n, wrongTokens = 0n } = report ?? {};
  return { guarded: armed, turnedAway: { denied, wrongTokens } };
}

/** What decides at present. */
export function decidingNow({ active, fallback, expired }: State): Candidate {
  return expired ? fallback : active;
}

/** The programs that a generation cannot do without. */
export function needed({ by_host, by_cgroup, by_domain }: Operations): EngineProgram[] {
  const operations = by_host | by_cgroup | by_domain;
  const judging = programsFor(ALL_OPERATIONS.filter((_, index) => (operations >> BigInt(index)) & 1n));
  return by_domain === 0n ? judging : [...judging, INHERITANCE];
}

function denialsOf(counters: readonly bigint[]): Partial<Record<Operation, bigint>> {
  const denials: Partial<Record<Operation, bigint>> = {};
  for (const [index, operation] of ALL_OPERATIONS.entries()) {
    const count = counters[index] ?? 0n;
    if (count > 0n) denials[operation] = count;
  }
  return denials;
}
