import type { Acted, Subject } from '../evaluate/index.js';
import type { Files } from '../files/index.js';
import type { Operation } from '../model/index.js';

/** Something that has to go on working. */
export interface Essential {
  /** What it is, such as `execute /bin/sh`. */
  readonly what: string;
  /** @internal */
  readonly operation: Operation;
  /** @internal */
  readonly acted: Acted;
}

/** A process without which nobody gets back in, and what it cannot do without. */
export interface Actor {
  /** What it is, such as `init`. */
  readonly name: string;
  /** @internal */
  readonly subject: Subject;
  readonly essentials: readonly Essential[];
}

/** What policies are held against before they are applied. */
export interface Machine {
  /** @internal */
  readonly files: Files;
  readonly actors: readonly Actor[];
  /** @internal Whether there is such a cgroup, by its path in the v2 hierarchy; null when that could not be told. */
  hasCgroup(path: string): boolean | null;
}
