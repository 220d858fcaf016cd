import type { Policy } from '../model/index.js';
import { explain } from './explain.js';
import type { PolicyInput } from './input.js';
import { PolicyError, type PolicyProblem } from './policy-error.js';
import { policySchema } from './policy-schema.js';

/**
 * A policy, written in TypeScript: what is not allowed does not compile, and what types cannot say is checked when this is
 * called.
 *
 * @returns the policy with all defaults filled in, frozen
 * @throws PolicyError with everything that is wrong, when called with what does not compile or with wrong values
 */
export function definePolicy(input: PolicyInput): Policy {
  const result = validatePolicy(input);
  if ('policy' in result) return result.policy;
  const named: unknown = typeof input === 'object' && input !== null ? input.name : undefined;
  const what = typeof named === 'string' ? `the policy "${named}"` : 'the policy';
  throw new PolicyError(what, result.problems);
}

/** A policy out of anything, or all that is wrong with it. */
export function validatePolicy(input: unknown): { policy: Policy } | { problems: PolicyProblem[] } {
  const result = policySchema().safeParse(input);
  return result.success
    ? { policy: deepFreeze(result.data) }
    : { problems: explain(result.error.issues, input) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
