import { BpfError } from '../../errors.js';
import { type EngineProgram, INHERITANCE } from '../abilities/index.js';
import type { Policy } from '../model/index.js';
import { assertEnforceable, assertNoLockout } from './admission.js';
import { type CompiledGeneration, compile } from './compile.js';
import { constantsOf } from './constants.js';
import { DIRECTORY, type EngineOptions } from './engine-options.js';
import { bootTimeNs, Generations, type State } from './generations.js';
import { Guard } from './guard.js';
import { assertToken } from './guard-token.js';
import { KernelObjects } from './kernel-objects.js';
import type { Candidate, StateRecord } from './layout.js';
import { assertNotOff } from './off-switch.js';
import { Passage } from './passage.js';
import { readReport } from './report.js';
import { resolveFiles } from './resolve.js';
import { resolveScope } from './scope.js';
import { decidingNow, type EngineStatus, needed, reportedStatus, statusOf } from './status.js';
import { EngineTurn } from './turn.js';

/** How to apply policies. */
export interface ApplyOptions extends EngineOptions {
  /**
   * Seconds within which {@link confirmPolicies} must be called: if it is not, the kernel goes back to the policies before by
   * itself, whatever has become of this process; to those that were confirmed, or needed not be. Default: they stay.
   */
  confirmWithin?: number;
  /**
   * Whether the policies that are in force stay beside these; one of the same name is replaced. Not while they wait to be
   * confirmed. Default: these are all.
   */
  keep?: boolean;
  /**
   * What to do with policies that would stop init, the shells that this runs in, sshd, the dynamic loader or this process,
   * as {@link lint} sees it. Default: refuse them.
   */
  lockout?: 'refuse' | 'accept';
  /**
   * Guard the engine: from then on nobody, root included, takes anything of it away, hides it or gets at its maps, without
   * the token: a text of 16 characters at least, such as 32 random bytes in base64. Where the policies are guarded already
   * this is the new token, and `token` the one until now, if it is another. Default: they are guarded if they were.
   */
  guard?: { readonly token: string };
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
 *   kernel consults no BPF programs, `ERR_BPF_MAP_MISMATCH` or `ERR_BPF_STATE` for an engine of another version or one of
 *   whose pins somebody has made others, or to keep what waits to be confirmed, `ENOENT` for a cgroup that is not there, `ERR_BPF_GUARDED` and
 *   `ERR_BPF_GUARD_TOKEN` for a guarded one without the token, `ERR_BPF_NOT_VERIFIED` for a guard that does not hold, and
 *   what loading throws. Then the policies before are in force as they were.
 */
export async function applyPolicies(
  policies: readonly Policy[],
  options: ApplyOptions = {},
): Promise<EngineStatus> {
  const { directory = DIRECTORY, confirmWithin, keep = false, lockout = 'refuse', guard } = options;
  assertSeconds(confirmWithin);
  if (guard) assertToken(guard.token);
  assertNotOff();
  await assertEnforceable(policies);
  if (!keep && lockout === 'refuse') assertNoLockout(policies);
  const ready = keep ? undefined : await compiled(policies);
  using passage = Passage.through(directory, options.token ?? guard?.token);
  using objects = await KernelObjects.open(directory);
  objects.assertWhole();
  using _turn = EngineTurn.take(objects.maps);
  objects.assertPinned();
  const generations = new Generations(objects.maps);
  generations.prepare(NOTHING);
  const all = keep ? together(kept(generations), policies) : policies;
  if (keep && lockout === 'refuse') assertNoLockout(all);
  const next = generations.store(ready ?? (await compiled(all)));
  await objects.attach([...new Set([...needed(next), ...inheritance(all)])]);
  objects.detachAllBut([...needed(next), ...neededUntilThen(generations.state), INHERITANCE]);
  if (guard || readReport(directory)?.armed) {
    using keeper = await Guard.open(directory);
    if (guard) await keeper.establish(guard.token, objects, passage);
    else keeper.sync(objects);
  }
  const to = { active: next, fallback: settled(generations.state), deadline_ns: deadlineIn(confirmWithin) };
  const status = statusAfter(to, objects, generations, directory);
  // The last thing: from now on the policies may keep this process from asking.
  generations.switchTo(to);
  return status;
}

/** What stays beside new policies. */
function kept(generations: Generations): Policy[] {
  const { state } = generations;
  if (!waits(state)) return generations.sourcesIn(decidingNow(state));
  throw wrongState(
    'the policies that are in force wait to be confirmed: confirm them or roll them back first',
  );
}

function waits({ deadline_ns, expired }: State): boolean {
  return deadline_ns !== 0n && !expired;
}

/** What there is to fall back to: nothing that nobody has confirmed. */
function settled({ active, fallback, deadline_ns }: State): Candidate {
  return deadline_ns === 0n ? active : fallback;
}

function deadlineIn(seconds: number | undefined): bigint {
  return seconds === undefined ? 0n : bootTimeNs() + BigInt(Math.round(seconds * 1e9));
}

/** As it will be, when it may be that nobody can ask any more. */
function statusAfter(
  to: StateRecord,
  objects: KernelObjects,
  generations: Generations,
  directory: string,
): EngineStatus {
  return { ...statusOf(objects, generations, directory, { ...to, expired: false }), unjudged: 0n };
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
  return [...needed(decidingNow(state)), ...(waits(state) ? needed(state.fallback) : [])];
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

/**
 * What the engine does at present; undefined when there is none. Of a guarded one this is what it reports to everybody who
 * may enter its directory, unless the token is given: then its maps are looked into.
 *
 * @throws BpfError `ERR_BPF_MAP_MISMATCH` or `ERR_BPF_STATE` for an engine of another version, or one of whose pins somebody
 *   has made others; `ERR_BPF_GUARD_TOKEN`
 */
export async function policyStatus(options: EngineOptions = {}): Promise<EngineStatus | undefined> {
  const { directory = DIRECTORY, token } = options;
  if (!KernelObjects.exist(directory)) return undefined;
  const report = token === undefined ? readReport(directory) : undefined;
  if (report?.armed) return reportedStatus(directory, report);
  using _passage = Passage.through(directory, token);
  using objects = await KernelObjects.open(directory);
  objects.assertWhole();
  if (token !== undefined) await Guard.sweep(directory);
  return statusOf(objects, new Generations(objects.maps), directory);
}

/**
 * Takes the engine out of the kernel, with all its policies, and its guard.
 *
 * @returns whether there was one
 * @throws BpfError `EBUSY`, `ERR_BPF_GUARDED` and `ERR_BPF_GUARD_TOKEN` for a guarded one without the token
 */
export async function removePolicies(options: EngineOptions = {}): Promise<boolean> {
  const { directory = DIRECTORY, token } = options;
  if (!KernelObjects.exist(directory)) return false;
  using _passage = Passage.through(directory, token);
  using objects = await KernelObjects.open(directory);
  using _turn = EngineTurn.take(objects.maps);
  objects.assertPinned();
  // The programs outlive their pins for a moment.
  new Generations(objects.maps).letGo();
  // Killed before this, it leaves no policies and a guard, for who has the token; killed after it, neither.
  if (Guard.exists(directory)) {
    using guard = await Guard.open(directory);
    guard.remove();
  }
  objects.remove();
  return true;
}

async function change(
  { directory = DIRECTORY, token }: EngineOptions,
  to: (state: State) => StateRecord,
): Promise<EngineStatus> {
  if (!KernelObjects.exist(directory)) throw wrongState('no policies were applied on this host');
  using _passage = Passage.through(directory, token);
  using objects = await KernelObjects.open(directory);
  objects.assertWhole();
  using _turn = EngineTurn.take(objects.maps);
  objects.assertPinned();
  const generations = new Generations(objects.maps);
  const next = to(generations.state);
  if (token !== undefined) await Guard.sweep(directory);
  const status = statusAfter(next, objects, generations, directory);
  generations.switchTo(next);
  return status;
}

function inheritance(policies: readonly Policy[]): EngineProgram[] {
  return policies.some(({ scope }) => scope.kind === 'domain') ? [INHERITANCE] : [];
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
