import { type Anchors, decide, type PolicyVerdict } from '../evaluate/index.js';
import type { Policy } from '../model/index.js';
import { finding, type LintFinding } from './finding.js';
import type { Machine } from './machine.js';

/** So many things are named of those that one rule stops. */
const MOST_NAMED = 3;

/** What of that which has to go on working the policies would stop: an error where they are enforced. */
export function lockouts(policies: readonly Policy[], { actors }: Machine, anchors: Anchors): LintFinding[] {
  const stopped = new Map<string, { verdict: PolicyVerdict; things: string[] }>();
  for (const { name, subject, essentials } of actors) {
    for (const { what, operation, acted } of essentials) {
      for (const verdict of decide(policies, subject, operation, [acted], anchors).verdicts) {
        if (verdict.effect === 'allow') continue;
        const key = JSON.stringify([verdict.policy.name, verdict.by]);
        const entry = stopped.get(key) ?? { verdict, things: [] };
        entry.things.push(`${name} could not ${what}`);
        stopped.set(key, entry);
      }
    }
  }
  return [...stopped.values()].map(({ verdict, things }) => lockout(verdict, things));
}

function lockout({ policy, by }: PolicyVerdict, things: readonly string[]): LintFinding {
  const more = things.length - MOST_NAMED;
  const named = things.slice(0, MOST_NAMED).join(', ') + (more > 0 ? `, and ${more} more` : '');
  const path = by.kind === 'rule' ? ['rules', by.rule] : ['defaults'];
  const [level, would] =
    policy.mode === 'enforce'
      ? (['error', 'would lock you out'] as const)
      : (['warning', 'would lock you out if it were enforced'] as const);
  const fix =
    by.kind === 'rule' ? 'take that out of the rule, or allow it by a nearer one' : 'allow that by a rule';
  return finding(policy, path, level, 'lockout', `it ${would}: ${named}; ${fix}`);
}
