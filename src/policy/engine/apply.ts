import { BpfError } from '../../errors.js';
import { type EngineProgram, INHERITANCE, programsFor } from '../abilities/index.js';
import { ALL_OPERATIONS, type Operation, type Policy } from '../model/index.js';
import { assertEnforceable, assertNoLockout } from './admission.js';
import { type CompiledGeneration, compile } from './compile.js';
import { constantsOf } from './constants.js';
import { DIRECTORY, type EngineOptions } from './engine-options.js';
import { bootTimeNs, Generations, type State } from './generations.js';
import { KernelObjects } from './kernel-objects.js';
import { type Candidate, OPERATIONS, type StateRecord } from './layout.js';
import { assertNotOff } from './off-switch.js';
import { resolveFiles } from './resolve.js';
import { resolveScope } from './scope.js';
import { EngineTurn } from './turn.js';

/** How to apply policies. */
export interface ApplyOptions extends EngineOptions {
  /**
   * Seconds within which {@link confirmPolicies} must be called: if it is not, the kernel goes back to the policies before by
   * itself, whatever has become of this process. Default: they stay.
   */
  confirmWithin?: number;
  /**
   * Whether the policies that are in force stay beside these; one of the same name is replaced. Default: these are all.
   */
  keep?: boolean;
  /**
   * What to do with policies that would stop init, the shells that this runs in, sshd, the dynamic loader or this process,
   * as {@link lint} sees it. Default: refuse them.
   */
  lockout?: 'refuse' | 'accept';
}

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
  /** Programs without which policies are not enforced in full, and that somebody took away: apply them again. */
  readonly absent: readonly string[];
  /** How many calls were not judged since somebody took the policies out of the engine's maps. */
  readonly unjudged: bigint;
  /** How many objects could not be followed to the top of the file hierarchy: see a policy's `onExhaustion`. */
  readonly lost: bigint;
}

const NOTHING: CompiledGeneration = compile([], { files: new Map(), scopes: [], constants: new Map() });

/**
 * Puts policies into force, all of them at once and in place of those before: from one store of the kernel on, every call
 * is judged by the new ones, and every call before by the old ones. They stay in force when this process ends.
 *
 * Linux 6.1, libbpf 1.1; `bpf` must be among the active LSMs.
 *
 * @param policies - at most 64; none leaves nothing in force
 * @throws BpfError `ERR_BPF_POLICY_UNSUPPORTED` for what cannot be enforced, `ERR_BPF_POLICY_LOCKOUT`, `ERR_BPF_POLICY_OFF`
 *   when the kernel command line says `bpf_lsm.policies=off`, `ERR_BPF_POLICY_OBJECT` for an object that
 *   cannot be watched for, `ERR_BPF_POLICY_LIMIT`, `EBUSY` while another process is applying, `ERR_BPF_INACTIVE` when this
 *   kernel consults no BPF programs, `ERR_BPF_MAP_MISMATCH` or `ERR_BPF_STATE` for an engine of another version, and what
 *   loading throws. Then the policies before are in force as they were.
 */
export async function applyPolicies(
  policies: readonly Policy[],
  options: ApplyOptions = {},
): Promise<EngineStatus> {
  const { directory = DIRECTORY, confirmWithin, keep = false, lockout = 'refuse' } = options;
  assertSeconds(confirmWithin);
  assertNotOff();
  await assertEnforceable(policies);
  const ready = keep ? undefined : await compiled(policies);
  using objects = await KernelObjects.open(directory);
  using _turn = EngineTurn.take(objects.maps);
  const generations = new Generations(objects.maps);
  generations.prepare(NOTHING);
  const before = decidingNow(generations.state);
  const all = keep ? together(generations.sourcesIn(before.slot), policies) : policies;
  if (lockout === 'refuse') assertNoLockout(all);
  const next = generations.store(ready ?? (await compiled(all)));
  await objects.attach([...needed(next), ...inheritance(all)]);
  const to = {
    active: next,
    fallback: before,
    deadline_ns: confirmWithin === undefined ? 0n : bootTimeNs() + BigInt(Math.round(confirmWithin * 1e9)),
  };
  objects.detachAllBut([...needed(next), ...neededUntilThen(generations.state), INHERITANCE]);
  const status = statusOf(objects, generations, { ...to, expired: false });
  // The last thing: from now on the policies may keep this process from asking.
  generations.switchTo(to);
  return status;
}

async function compiled(policies: readonly Policy[]): Promise<CompiledGeneration> {
  return compile(policies, {
    scopes: policies.map(({ scope }) => resolveScope(scope)),
    files: await resolveFiles(policies),
    constants: constantsOf(policies),
  });
}

function together(old: readonly Policy[], added: readonly Policy[]): Policy[] {
  const names = added.map(({ name }) => name);
  return [...old.filter(({ name }) => !names.includes(name)), ...added];
}

/** The programs for what decides now, and for what might before the switch. */
function neededUntilThen(state: State): EngineProgram[] {
  const waits = state.deadline_ns !== 0n && !state.expired;
  return [...needed(decidingNow(state)), ...(waits ? needed(state.fallback) : [])];
}

/** The programs that a generation cannot do without. */
function needed({ by_host, by_cgroup, by_domain }: Candidate): EngineProgram[] {
  const operations = by_host | by_cgroup | by_domain;
  return programsFor(ALL_OPERATIONS.filter((_, index) => (operations >> BigInt(index)) & 1n));
}

/**
 * Lets the policies stay that were applied with a time to confirm.
 *
 * @throws BpfError `ERR_BPF_STATE` when nothing waits to be confirmed, or the time has passed
 */
export async function confirmPolicies(options: EngineOptions = {}): Promise<EngineStatus> {
  return change(options, (state) => {
    if (state.deadline_ns === 0n) throw wrongState('nothing waits to be confirmed');
    if (state.expired) throw wrongState('it is too late to confirm: the policies before have come back');
    return { ...state, deadline_ns: 0n };
  });
}

/**
 * Goes back to the policies before, at once; once more, and those that were left are back.
 *
 * @throws BpfError `ERR_BPF_STATE` when nothing was ever applied
 */
export async function rollbackPolicies(options: EngineOptions = {}): Promise<EngineStatus> {
  // What has expired is rolled back already: now for good.
  return change(options, ({ active, fallback }) => ({ active: fallback, fallback: active, deadline_ns: 0n }));
}

/** What the engine does at present; undefined when there is none. */
export async function policyStatus(options: EngineOptions = {}): Promise<EngineStatus | undefined> {
  const { directory = DIRECTORY } = options;
  if (!KernelObjects.exist(directory)) return undefined;
  using objects = await KernelObjects.open(directory);
  return statusOf(objects, new Generations(objects.maps));
}

/** Takes the engine out of the kernel, with all its policies. @returns whether there was one */
export async function removePolicies(options: EngineOptions = {}): Promise<boolean> {
  const { directory = DIRECTORY } = options;
  if (!KernelObjects.exist(directory)) return false;
  using objects = await KernelObjects.open(directory);
  using _turn = EngineTurn.take(objects.maps);
  // The programs outlive their pins for a moment.
  new Generations(objects.maps).letGo();
  objects.remove();
  return true;
}

async function change(
  { directory = DIRECTORY }: EngineOptions,
  to: (state: State) => StateRecord,
): Promise<EngineStatus> {
  if (!KernelObjects.exist(directory)) throw wrongState('no policies were applied on this host');
  using objects = await KernelObjects.open(directory);
  using _turn = EngineTurn.take(objects.maps);
  const generations = new Generations(objects.maps);
  const next = to(generations.state);
  const status = statusOf(objects, generations, { ...next, expired: false });
  generations.switchTo(next);
  return status;
}

function decidingNow({ active, fallback, expired }: State): Candidate {
  return expired ? fallback : active;
}

function inheritance(policies: readonly Policy[]): EngineProgram[] {
  return policies.some(({ scope }) => scope.kind === 'domain') ? [INHERITANCE] : [];
}

function statusOf(
  objects: KernelObjects,
  generations: Generations,
  state: State = generations.state,
): EngineStatus {
  const now = decidingNow(state);
  const denials = generations.denialsIn(now.slot);
  const programs = objects.attached();
  const { troubles } = generations;
  return {
    generation: now.number,
    policies: generations.policiesIn(now.slot).map(({ name, enforced }, index) => ({
      name,
      mode: enforced ? 'enforce' : 'audit',
      denials: denialsOf(denials.slice(index * OPERATIONS, (index + 1) * OPERATIONS)),
    })),
    previous: state.expired ? state.active.number : state.fallback.number,
    confirmUntilNs: state.deadline_ns === 0n ? undefined : state.deadline_ns,
    expired: state.expired,
    programs,
    absent: needed(now)
      .map(({ program }) => program)
      .filter((program) => !programs.includes(program)),
    unjudged: troubles.missing,
    lost: troubles.lost,
  };
}

function denialsOf(counters: readonly bigint[]): Partial<Record<Operation, bigint>> {
  const denials: Partial<Record<Operation, bigint>> = {};
  for (const [index, operation] of ALL_OPERATIONS.entries()) {
    const count = counters[index] ?? 0n;
    if (count > 0n) denials[operation] = count;
  }
  return denials;
}

function assertSeconds(seconds: unknown): void {
  if (seconds === undefined || (typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds)))
    return;
  throw new BpfError(`confirmWithin is a number of seconds above 0, not ${String(seconds)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function wrongState(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_STATE', reason: 'input' });
}
