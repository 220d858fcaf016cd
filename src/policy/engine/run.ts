import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { BpfError } from '../../errors.js';
import type { TaskStorage } from '../../object/index.js';
import { INHERITANCE } from '../abilities/index.js';
import { DIRECTORY, type EngineOptions } from './engine-options.js';
import { Generations } from './generations.js';
import { Guard } from './guard.js';
import { KernelObjects } from './kernel-objects.js';
import { DOMAINS, type Membership } from './layout.js';
import { Passage } from './passage.js';
import { domainId } from './scope.js';
import { decidingNow } from './status.js';

/** How to run a command in a domain. */
export interface RunOptions extends EngineOptions {
  /** As for spawn() of node:child_process; the fourth of `stdio` is not its own. Default: this process's input and output. */
  spawn?: SpawnOptions;
  /** What to do when no policy in force is for the domain, so that nothing holds the command yet. Default: refuse it. */
  unheld?: 'refuse' | 'accept';
}

// A shell that waits for a line before it becomes the command: meanwhile it is put into the domain.
const WAIT = 'read -r _ <&3 && exec 3<&- && exec "$@"';

/**
 * Starts a command in a process domain: it and all its descendants are held to the policies of that domain, besides those
 * they are held to already. Nobody gets out of a domain.
 *
 * Linux 6.1; kernel/fork.c copy_process() (security_task_alloc).
 *
 * @param domain - the name that policies have as their scope
 * @param command - the program and its arguments
 * @returns the process, in the domain, about to execute the command
 * @throws BpfError `ERR_BPF_STATE` when no policy in force is for the domain, `E2BIG` for a sixteenth domain,
 *   `ERR_BPF_GUARDED` and `ERR_BPF_GUARD_TOKEN` for guarded policies without the token, and what spawn() gives
 */
export async function runInDomain(
  domain: string,
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<ChildProcess> {
  const { directory = DIRECTORY, token, spawn: how = {}, unheld = 'refuse' } = options;
  using _passage = Passage.through(directory, token);
  using objects = await memberships(directory);
  if (unheld === 'refuse') assertHeld(domain, new Generations(objects.maps));
  const child = spawn('/bin/sh', ['-c', WAIT, 'sh', ...command], { ...how, stdio: withWaiting(how.stdio) });
  await once(child, 'spawn');
  try {
    enter(objects.maps.memberships, child.pid as number, domain);
    if (token !== undefined) await Guard.sweep(directory);
  } catch (cause) {
    child.kill('SIGKILL');
    throw cause;
  }
  (child.stdio[3] as NodeJS.WritableStream).end('go\n');
  return child;
}

/** Its input and output, and beside them that by which it is told to go on. */
function withWaiting(stdio: SpawnOptions['stdio'] = 'inherit'): StdioOptions {
  const given = Array.isArray(stdio) ? stdio : Array<typeof stdio>(3).fill(stdio);
  // As spawn() has it: what is not said is a pipe, or nothing beyond the first three.
  const first = [0, 1, 2].map((fd) => given[fd] ?? 'pipe');
  return [...first, 'pipe', ...given.slice(4)];
}

/** Whom no policy holds would run free, and nobody would be told. */
function assertHeld(domain: string, generations: Generations): void {
  const policies = generations.sourcesIn(decidingNow(generations.state));
  const domains = new Set(policies.flatMap(({ scope }) => (scope.kind === 'domain' ? [scope.name] : [])));
  if (domains.has(domain)) return;
  const others =
    domains.size > 0 ? `those in force are for ${[...domains].join(', ')}` : 'none in force is for any';
  throw new BpfError(`no policy holds the domain ${domain}: ${others}`, {
    code: 'ERR_BPF_STATE',
    reason: 'input',
    hint: 'apply one first, with it as its scope',
  });
}

/**
 * Puts a running process with all its threads into a domain. What it has open already stays open, and children that it
 * made before stay outside. Policies of the domain may be applied before or after.
 *
 * Linux 6.9 for a process with several threads (pidfd_open() of threads), 6.1 for one with one thread.
 *
 * @throws BpfError `ESRCH` when there is no such process, `EOPNOTSUPP` for threads before Linux 6.9, `E2BIG` for a
 *   sixteenth domain, `ERR_BPF_STATE`, `ERR_BPF_GUARDED`, `ERR_BPF_GUARD_TOKEN`
 */
export async function adoptIntoDomain(
  domain: string,
  pid: number,
  options: EngineOptions = {},
): Promise<void> {
  const { directory = DIRECTORY, token } = options;
  using _passage = Passage.through(directory, token);
  using objects = await memberships(directory);
  const { memberships: storage } = objects.maps;
  // A thread that is not in the domain yet may make another meanwhile: until all are in it.
  for (let found = true; found; ) {
    found = false;
    for (const tid of threadsOf(pid)) {
      if (enter(storage, tid, domain)) found = true;
    }
  }
  if (token !== undefined) await Guard.sweep(directory);
}

/** @returns whether it was not in the domain before */
function enter(storage: TaskStorage<Membership>, task: number, domain: string): boolean {
  const id = domainId(domain);
  const { count, domains } = storage.get(task) ?? { count: 0, domains: Array<bigint>(DOMAINS).fill(0n) };
  const held = domains.slice(0, count);
  if (held.includes(id)) return false;
  if (count === DOMAINS) {
    throw new BpfError(`task ${task} is in ${DOMAINS} domains already`, { code: 'E2BIG', reason: 'input' });
  }
  const all = [...held, id, ...Array<bigint>(DOMAINS - count - 1).fill(0n)];
  storage.set(task, { number: 0, count: count + 1, word: 0n, domains: all });
  return true;
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch (cause) {
    throw new BpfError(`there is no process ${pid}`, { code: 'ESRCH', reason: 'input', cause });
  }
}

async function memberships(directory: string): Promise<KernelObjects> {
  if (!KernelObjects.exist(directory)) {
    throw new BpfError('no policies were applied on this host', {
      code: 'ERR_BPF_STATE',
      reason: 'input',
      hint: 'apply those of the domain first',
    });
  }
  const objects = await KernelObjects.open(directory);
  try {
    objects.assertWhole();
    await objects.attach([INHERITANCE]);
    return objects;
  } catch (cause) {
    objects[Symbol.dispose]();
    throw cause;
  }
}
