import { classOf, type Effect, type Operation, type Policy, type Rule } from '../model/index.js';
import { type Acted, isComplete } from './acted.js';
import type { Anchors } from './files.js';
import { nearness } from './nearness.js';
import { governs, type Subject } from './subject.js';

/** What decided inside a policy: a rule by its index, the class's default, that a way up did not end. */
export type DecidedBy =
  | { readonly kind: 'rule'; readonly rule: number }
  | { readonly kind: 'default' }
  | { readonly kind: 'exhaustion' }
  /** Of a link or a rename: what is denied under the old name would not be under the new one. */
  | { readonly kind: 'protection'; readonly operation: Operation };

/** What one policy says. */
export interface PolicyVerdict {
  readonly policy: Policy;
  readonly effect: Effect;
  readonly by: DecidedBy;
}

/** What all policies together say of an operation. */
export interface Decision {
  /** Whether the call fails. */
  readonly denied: boolean;
  /** What it fails with: that of the first enforcing policy which denies, in the order in which they were given. */
  readonly errno: Policy['errno'] | null;
  /** Of each policy that governs the process, in the order in which they were given. */
  readonly verdicts: readonly PolicyVerdict[];
}

/**
 * What policies say of an operation: the reference that the engine in the kernel is held against. Pure.
 *
 * Every policy that governs the subject is evaluated, and a denial by any enforcing one denies. Inside a policy, the
 * nearest rule that names the operation and matches what is acted upon wins; of several that are equally near, one that
 * denies. A rule without objects is farther than all others, and the class's default farther still.
 *
 * Links and renames are judged by more than one operation: see {@link decideMove}.
 *
 * @param acted - what it acts on; where that is several things, each has to be allowed
 * @param anchors - what the paths of the policies stand for
 */
export function decide(
  policies: readonly Policy[],
  subject: Subject,
  operation: Operation,
  acted: readonly Acted[],
  anchors: Anchors,
): Decision {
  const verdicts = policies
    .filter((policy) => governs(policy, subject, anchors))
    .map((policy) => judge(policy, operation, acted, anchors));
  return concluded(verdicts);
}

/** What follows from what each policy says. */
export function concluded(verdicts: readonly PolicyVerdict[]): Decision {
  const denier = verdicts.find(({ policy, effect }) => policy.mode === 'enforce' && effect === 'deny');
  return { denied: denier !== undefined, errno: denier?.policy.errno ?? null, verdicts };
}

/** What one policy says of an operation, whoever asks. */
export function judge(
  policy: Policy,
  operation: Operation,
  acted: readonly Acted[],
  anchors: Anchors,
): PolicyVerdict {
  return firstDenial(acted.map((one) => judgeOne(policy, operation, one, anchors)));
}

function judgeOne(policy: Policy, operation: Operation, acted: Acted, anchors: Anchors): PolicyVerdict {
  const nearest = nearestRule(policy, operation, acted, anchors);
  if (nearest) return { policy, effect: nearest.effect, by: { kind: 'rule', rule: nearest.index } };
  return isComplete(acted) || !looksUp(policy, operation)
    ? beyondObjects(policy, operation)
    : { policy, effect: policy.onExhaustion, by: { kind: 'exhaustion' } };
}

/** What holds when no object of a rule is met. */
function beyondObjects(policy: Policy, operation: Operation): PolicyVerdict {
  const rules = rulesFor(policy, operation).filter(({ rule }) => rule.objects === null);
  const decisive = rules.find(({ rule }) => rule.effect === 'deny') ?? rules[0];
  return decisive
    ? { policy, effect: decisive.rule.effect, by: { kind: 'rule', rule: decisive.index } }
    : { policy, effect: policy.defaults[classOf(operation)], by: { kind: 'default' } };
}

function nearestRule(
  policy: Policy,
  operation: Operation,
  acted: Acted,
  anchors: Anchors,
): { effect: Effect; index: number } | undefined {
  let best: { effect: Effect; index: number; near: number } | undefined;
  for (const { rule, index } of rulesFor(policy, operation)) {
    for (const object of rule.objects ?? []) {
      const near = nearness(object, acted, policy, anchors);
      if (near === null) continue;
      const wins =
        best === undefined ||
        near < best.near ||
        (near === best.near && rule.effect === 'deny' && best.effect === 'allow');
      if (wins) best = { effect: rule.effect, index, near };
    }
  }
  return best;
}

/** Whether a policy has a rule for an operation that could be met farther up. */
function looksUp(policy: Policy, operation: Operation): boolean {
  const farther = ['beneath', 'file-system', 'unix-beneath'];
  return rulesFor(policy, operation).some(({ rule }) =>
    rule.objects?.some(({ kind }) => farther.includes(kind)),
  );
}

function rulesFor({ rules }: Policy, operation: Operation): { rule: Rule; index: number }[] {
  return rules
    .map((rule, index) => ({ rule, index }))
    .filter(({ rule }) => (rule.operations as readonly Operation[]).includes(operation));
}

function firstDenial(verdicts: readonly PolicyVerdict[]): PolicyVerdict {
  const [first] = verdicts;
  if (first === undefined)
    throw new RangeError('an operation acts on at least one thing, even if it is nothing');
  return verdicts.find(({ effect }) => effect === 'deny') ?? first;
}
