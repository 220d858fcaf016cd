import {
  applyPolicies,
  definePolicy,
  type Operation,
  type PolicyInput,
  policyStatus,
} from '../../src/policy/index.js';

/** The domain that what is to be denied something is put into. */
export const JAIL = 'jail';

/** Puts one policy into force, for the domain unless it says otherwise. */
export async function enforce(rules: PolicyInput['rules'], more: Partial<PolicyInput> = {}): Promise<void> {
  await applyPolicies([
    definePolicy({ name: 'test', scope: { domain: JAIL }, mode: 'enforce', rules, ...more }),
  ]);
}

/** How often the policy in force denied an operation. */
export async function denied(operation: Operation): Promise<bigint> {
  return (await policyStatus())?.policies[0]?.denials[operation] ?? 0n;
}
