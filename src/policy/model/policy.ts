import type { ObjectsOf } from './objects.js';
import type { Operation, OperationClass, OperationOn, Target } from './operations.js';

/** What a rule does to the operations it names. */
export type Effect = 'allow' | 'deny';

/** Whom a policy governs. */
export type Scope =
  /** Every process. */
  | { readonly kind: 'host' }
  /** The processes of a cgroup and of those beneath it; the path is that of the v2 hierarchy, such as `/user.slice`. */
  | { readonly kind: 'cgroup'; readonly path: string }
  /** The processes that were put into a domain of this name, and all their descendants. */
  | { readonly kind: 'domain'; readonly name: string };

/** Ids from one to another, both included. */
export interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** An executable, by identity: one file, or all beneath a directory. */
export type ExecutableObject = Extract<ObjectsOf['file'], { kind: 'path' | 'beneath' }>;

/**
 * Which processes of the scope a policy governs: those for which all of these hold. A null sets no condition; of a list,
 * one entry has to match.
 */
export interface Conditions {
  /** The executable of the process: of a script, its interpreter. */
  readonly executables: readonly ExecutableObject[] | null;
  /** The real or the effective uid, as the initial user namespace has it. */
  readonly uids: readonly IdRange[] | null;
  /** The real or the effective gid; supplementary groups do not count. */
  readonly gids: readonly IdRange[] | null;
}

/** What every rule has. */
export interface RuleBase {
  readonly effect: Effect;
  /** Why, for people. */
  readonly reason: string | null;
}

/** A rule about some objects; all its operations are on the same sort of them. */
export interface RuleOn<Sort extends Target> extends RuleBase {
  readonly target: Sort;
  /** Not empty, without duplicates. */
  readonly operations: readonly OperationOn<Sort>[];
  /** Not empty. */
  readonly objects: readonly ObjectsOf[Sort][];
}

/** A rule about operations whatever their object is: the farthest of all, just before the class's default. */
export interface RuleOnAnything extends RuleBase {
  readonly target: 'anything';
  /** Not empty, without duplicates; of any classes. */
  readonly operations: readonly Operation[];
  readonly objects: null;
}

/** A rule of a policy: an effect on operations, on objects. */
export type Rule =
  | RuleOnAnything
  | { [Sort in Exclude<Target, 'nothing'>]: RuleOn<Sort> }[Exclude<Target, 'nothing'>];

/**
 * A policy that was found to be valid, with all defaults filled in.
 *
 * Every policy in whose scope a process is, is evaluated, and a denial by any enforcing one denies. Inside a policy the
 * nearest rule that names the operation and matches the object wins; where several are equally near, a denial does. Then
 * the class's default.
 */
export interface Policy {
  /** Unique among those that are applied: a lower-case letter, then letters, digits and `-`; at most 63. */
  readonly name: string;
  readonly description: string | null;
  readonly scope: Scope;
  readonly conditions: Conditions;
  /** Whether denials are only counted and reported, or enforced. */
  readonly mode: 'audit' | 'enforce';
  /** What a denied call fails with. */
  readonly errno: 'EACCES' | 'EPERM';
  /** What happens to an operation whose object the engine could not follow to the end. */
  readonly onExhaustion: Effect;
  readonly defaults: { readonly [Class in OperationClass]: Effect };
  readonly rules: readonly Rule[];
}
