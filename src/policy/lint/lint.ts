import type { Anchor, Anchors } from '../evaluate/index.js';
import type { Policy } from '../model/index.js';
import type { LintFinding } from './finding.js';
import { lockouts } from './lockout.js';
import type { Machine } from './machine.js';
import { objectFindings } from './objects.js';
import { ruleFindings } from './rules.js';

const ORDER: readonly LintFinding['level'][] = ['error', 'warning', 'note'];

/**
 * Looks for what is most likely not meant: policies that would lock out init, the shell, sshd or this tool itself, rules
 * without effect or against each other, objects that are not there. Errors first.
 *
 * Policies are held against each other as well as against the machine: pass all that are to be applied together.
 *
 * @param machine - {@link thisMachine}, for this one
 */
export function lint(policies: readonly Policy[], machine: Machine): LintFinding[] {
  const anchors = remembered(machine.files.anchor);
  const findings = [
    ...lockouts(policies, machine, anchors),
    ...policies.flatMap((policy) => [...objectFindings(policy, machine), ...ruleFindings(policy)]),
  ];
  return findings.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}

/** What each path stands for does not change while policies are looked at. */
function remembered(anchors: Anchors): Anchors {
  const known = new Map<string, Anchor | null>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const found = anchors(path);
    known.set(path, found);
    return found;
  };
}
