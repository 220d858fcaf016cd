import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  type PolicyInput,
  policyStatus,
  type RuleInput,
} from '../../src/policy/index.js';
import type { Operation } from '../../src/policy/model/index.js';
import { Helper } from './helper.js';
import { program } from './objects.js';

/** The domain of the policies that are tried out. */
export const JAIL = 'jail';

/** An enforced policy for the domain {@link JAIL}. */
export function jailed(rules: RuleInput[], more: Partial<PolicyInput> = {}) {
  return definePolicy({ name: 'test', scope: { domain: JAIL }, mode: 'enforce', rules, ...more });
}

/** Test/fixtures/file_ways.c, in the domain. */
export async function prisoner(): Promise<Helper> {
  const helper = new Helper(program('file_ways'));
  await applyPolicies([]);
  await adoptIntoDomain(JAIL, helper.pid);
  return helper;
}

/** The same, in no domain. */
export function bystander(): Helper {
  return new Helper(program('file_ways'));
}

/** What a helper answers to each of these lines. */
export async function answers(helper: Helper, lines: readonly string[]): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const line of lines) said[line] = await helper.ask(line);
  return said;
}

/** The same answer to each of these lines. */
export function every(lines: readonly string[], answer: string): Record<string, string> {
  return Object.fromEntries(lines.map((line) => [line, answer]));
}

/** How often the one policy that is applied denied an operation. */
export async function denials(operation: Operation): Promise<bigint> {
  return (await policyStatus())?.policies[0]?.denials[operation] ?? 0n;
}
