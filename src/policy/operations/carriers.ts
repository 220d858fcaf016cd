/** One way in which an operation comes about, and the hook that is asked then. */
export interface Route {
  /** What calls for it, such as `ftruncate(2)`. */
  readonly how: string;
  /** LSM hooks that carry it, the best first: a kernel's first one of them is used. */
  readonly hooks: readonly string[];
  /** Whether kernels without such a hook have no such way either; otherwise they cannot enforce the operation. */
  readonly absentWithout?: true;
}

/** What carries an operation. */
export interface Carriers {
  /** What the operation is, in one sentence. */
  readonly meaning: string;
  /** Empty for what no kernel asks LSMs about. */
  readonly routes: readonly Route[];
  /** What the hooks do not see, each a sentence. */
  readonly blind: readonly string[];
  /** Of an operation without routes: what to do instead. */
  readonly instead?: string;
}
