import type { ExecutableObject, IdRange, Policy } from '../model/index.js';
import { type ActedFile, type Anchors, isAt } from './files.js';

/** A process, as far as it matters to policies. */
export interface Subject {
  readonly uids: { readonly real: number; readonly effective: number };
  readonly gids: { readonly real: number; readonly effective: number };
  /** What it runs; null for threads of the kernel. */
  readonly executable: ActedFile | null;
  /** Its cgroup in the v2 hierarchy, such as `/user.slice`. */
  readonly cgroup: string;
  /** The domains it was put into, by name. */
  readonly domains: readonly string[];
}

/** Whether a policy governs a process: it is in the policy's scope, and all conditions hold. */
export function governs({ scope, conditions }: Policy, subject: Subject, anchors: Anchors): boolean {
  const { executables, uids, gids } = conditions;
  return (
    isInScope(scope, subject) &&
    (executables === null || executables.some((one) => runs(subject, one, anchors))) &&
    (uids === null || holdsOne(subject.uids, uids)) &&
    (gids === null || holdsOne(subject.gids, gids))
  );
}

function isInScope(scope: Policy['scope'], { cgroup, domains }: Subject): boolean {
  switch (scope.kind) {
    case 'host':
      return true;
    case 'cgroup':
      return scope.path === '/' || cgroup === scope.path || cgroup.startsWith(`${scope.path}/`);
    case 'domain':
      return domains.includes(scope.name);
  }
}

function runs({ executable }: Subject, wanted: ExecutableObject, anchors: Anchors): boolean {
  const anchor = anchors(wanted.path);
  const steps = executable?.steps ?? [];
  return (wanted.kind === 'path' ? steps.slice(0, 1) : steps).some((step) => isAt(anchor, step));
}

function holdsOne({ real, effective }: Subject['uids'], ranges: readonly IdRange[]): boolean {
  return ranges.some(({ from, to }) => [real, effective].some((id) => from <= id && id <= to));
}
