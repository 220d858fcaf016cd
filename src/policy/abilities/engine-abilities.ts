import type { Operation, Policy, PolicyObject } from '../model/index.js';

/** What an engine can enforce, where the kernel lets it. */
export interface EngineAbilities {
  /** Whether it has a program for a hook that judges an operation. */
  carries(operation: Operation, hook: string): boolean;
  /** Whether it can tell such objects apart. */
  tells(kind: PolicyObject['kind'] | 'executables' | 'uids' | 'gids'): boolean;
  /** What of a policy it would not enforce beside that, each a sentence. */
  lacks(policy: Policy): readonly string[];
  /** The helpers and kfuncs that it cannot do without. */
  readonly needs: readonly string[];
}

/** All that policies can say: what is left is what the kernel can carry. */
export const EVERYTHING: EngineAbilities = {
  carries: () => true,
  tells: () => true,
  lacks: () => [],
  needs: [],
};
