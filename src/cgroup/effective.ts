import type { AttachFlag } from './attached.js';
import type { Cgroup } from './cgroup.js';

/** What is attached to one cgroup itself, of one attach type and hook. */
export interface Level {
  cgroup: Cgroup;
  programs: readonly { programId: number; flags: readonly AttachFlag[] }[];
}

/** A program that runs for a cgroup. */
export interface Running {
  programId: number;
  flags: AttachFlag[];
  /** Where it is attached; undefined when none of the levels has it. */
  owner: Cgroup | undefined;
}

/**
 * Tells of what the kernel says runs for a cgroup where each program comes from, and which were attached with preorder:
 * that the kernel does not tell, but they run before their turn (kernel/bpf/cgroup.c compute_effective_progs(): those with
 * preorder from the top down, then the others from the cgroup up).
 *
 * @param levels - from the cgroup up
 * @param running - the ids in the order in which they run
 */
export function effectiveOrder(levels: readonly Level[], running: readonly number[]): Running[] {
  const all = consulted(levels).flatMap(({ cgroup, programs }, height) =>
    programs.map(({ programId, flags }) => ({ programId, flags: [...flags], owner: cgroup, height })),
  );
  for (let early = 0; early <= running.length; early++) {
    const order = withEarly(all, running, early);
    if (order) return order;
  }
  return bestMatch(all, running);
}

/** Those levels whose programs run: the nearest that has some, and of those above it the ones that allow others. */
export function consulted(levels: readonly Level[]): Level[] {
  let some = false;
  return levels.filter(({ programs: [first] }) => {
    if (first === undefined) return false;
    const runs = !some || first.flags.includes('multi');
    some = true;
    return runs;
  });
}

type Attached = Running & { height: number };

/** The order if the first so many run before their turn; undefined when it is another. */
function withEarly(
  all: readonly Attached[],
  running: readonly number[],
  early: number,
): Running[] | undefined {
  const inTurn = running.slice(early);
  const later: Attached[] = [];
  const sooner: Attached[] = [];
  for (const one of all) {
    if (one.programId === inTurn[later.length]) later.push(one);
    else sooner.push(one);
  }
  const fromTheTop = sooner.sort((a, b) => b.height - a.height);
  const order = [...fromTheTop, ...later];
  if (order.length !== running.length) return undefined;
  if (order.some(({ programId }, place) => programId !== running[place])) return undefined;
  return order.map(({ programId, flags, owner }, place) => ({
    programId,
    flags: place < early && !flags.includes('preorder') ? [...flags, 'preorder'] : flags,
    owner,
  }));
}

/** Where not all can be seen, or it changed between two questions: each by the next that may be meant. */
function bestMatch(all: readonly Attached[], running: readonly number[]): Running[] {
  const left = [...all];
  return running.map((programId) => {
    const at = left.findIndex((one) => one.programId === programId);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    return { programId, flags: found?.flags ?? [], owner: found?.owner };
  });
}
