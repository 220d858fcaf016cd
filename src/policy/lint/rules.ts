import { posix } from 'node:path';
import {
  classOf,
  type Effect,
  OPERATION_CLASSES,
  OPERATIONS,
  type Operation,
  type Policy,
  type PolicyObject,
} from '../model/index.js';
import { finding, type LintFinding } from './finding.js';

interface Said {
  readonly effect: Effect;
  readonly rule: number;
}

/** What is to know of how the rules of a policy stand to each other. */
export function ruleFindings(policy: Policy): LintFinding[] {
  return [
    ...repeated(policy),
    ...enclosed(policy),
    ...idle(policy),
    ...withoutMapping(policy),
    ...ofTheWhole(policy),
  ];
}

/** Rules that say the same of the same, or the opposite. */
function repeated(policy: Policy): LintFinding[] {
  const said = new Map<string, Said>();
  const told = new Set<string>();
  return policy.rules.flatMap(({ effect, operations, objects }, rule) =>
    ((objects ?? [null]) as readonly (PolicyObject | null)[]).flatMap((object) =>
      (operations as readonly Operation[]).flatMap((operation) => {
        const key = JSON.stringify([operation, object]);
        const before = said.get(key);
        if (before === undefined || (before.effect === 'allow' && effect === 'deny'))
          said.set(key, { effect, rule });
        const once = `${before?.rule} ${rule} ${JSON.stringify(object)}`;
        if (before === undefined || told.has(once)) return [];
        told.add(once);
        return [sameObject(policy, { effect, rule }, before, operation, object)];
      }),
    ),
  );
}

function sameObject(
  policy: Policy,
  now: Said,
  before: Said,
  operation: Operation,
  object: PolicyObject | null,
): LintFinding {
  const what = `${operation} ${object === null ? 'of anything' : `of ${wordsFor(object)}`}`;
  if (now.effect === before.effect) {
    const message =
      before.rule === now.rule
        ? `it names ${what} twice`
        : `rule ${before.rule} says the same of ${what}: keep one`;
    return finding(policy, ['rules', now.rule], 'note', 'duplicate', message);
  }
  const message = `rule ${before.rule} says the opposite of ${what}, and the denial wins: take one out`;
  return finding(policy, ['rules', now.rule], 'warning', 'contradiction', message);
}

/** Rules for directories and files that say what the nearest directory above says already. */
function enclosed(policy: Policy): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const operation of OPERATION_CLASSES.flatMap((name) => Object.keys(OPERATIONS[name]) as Operation[])) {
    const rules = policy.rules.flatMap((rule, index) =>
      (rule.operations as readonly Operation[]).includes(operation)
        ? ((rule.objects ?? []) as readonly PolicyObject[]).map((object) => ({
            object,
            effect: rule.effect,
            rule: index,
          }))
        : [],
    );
    // A name, an owner or a file system can come between.
    if (rules.length < 2 || rules.some(({ object }) => object.kind !== 'path' && object.kind !== 'beneath'))
      continue;
    const beneath = new Map<string, Said>();
    for (const { object, effect, rule } of rules) {
      if (object.kind !== 'beneath') continue;
      if (beneath.get(object.path)?.effect !== 'deny') beneath.set(object.path, { effect, rule });
    }
    for (const { object, effect, rule } of rules) {
      const path = 'path' in object ? object.path : '';
      const above = nearestAbove(beneath, object.kind === 'path' ? `${path}/.` : path);
      if (above === undefined || above.said.effect !== effect) continue;
      const message = `rule ${above.said.rule} has ${operation} beneath ${above.path} ${effect === 'deny' ? 'denied' : 'allowed'} already, ${path} with it`;
      findings.push(finding(policy, ['rules', rule], 'note', 'redundant', message));
    }
  }
  return findings;
}

function nearestAbove(
  beneath: ReadonlyMap<string, Said>,
  path: string,
): { path: string; said: Said } | undefined {
  let above = path;
  while (above !== '/') {
    above = posix.dirname(above);
    const said = beneath.get(above);
    if (said) return { path: above, said };
  }
  return undefined;
}

/** Rules that allow what nothing denies. */
function idle(policy: Policy): LintFinding[] {
  const denied = new Set<Operation>(
    policy.rules
      .filter(({ effect }) => effect === 'deny')
      .flatMap(({ operations }) => operations as readonly Operation[]),
  );
  return policy.rules.flatMap(({ effect, operations }, rule) => {
    const idle = (operations as readonly Operation[]).filter(
      (operation) =>
        effect === 'allow' && !denied.has(operation) && policy.defaults[classOf(operation)] === 'allow',
    );
    if (idle.length === 0) return [];
    const message = `it allows ${idle.join(', ')}, which this policy denies nowhere; what another policy denies it cannot allow`;
    return [finding(policy, ['rules', rule], 'warning', 'no-effect', message)];
  });
}

/** The dynamic loader, run by hand, maps what it may not execute. */
function withoutMapping(policy: Policy): LintFinding[] {
  const mapped = new Set(
    policy.rules
      .filter(
        ({ effect, operations }) =>
          effect === 'deny' && (operations as readonly Operation[]).includes('map-exec'),
      )
      .flatMap(({ objects }) => (objects ?? [null]) as readonly (PolicyObject | null)[])
      .map((object) => JSON.stringify(object)),
  );
  if (mapped.has('null') || policy.defaults.files === 'deny') return [];
  return policy.rules.flatMap(({ effect, operations, objects }, rule) => {
    if (effect === 'allow' || !(operations as readonly Operation[]).includes('exec')) return [];
    const open = (objects ?? [null]).filter((object) => !mapped.has(JSON.stringify(object)));
    const message =
      'it denies exec, and not map-exec: the dynamic loader, run by hand, can still start a program from there';
    return open.length > 0 ? [finding(policy, ['rules', rule], 'note', 'loader', message)] : [];
  });
}

function ofTheWhole(policy: Policy): LintFinding[] {
  if (policy.mode === 'audit') {
    return [finding(policy, ['mode'], 'note', 'audit', 'it is only audited: nothing is denied')];
  }
  const broad = OPERATION_CLASSES.filter((name) => policy.defaults[name] === 'deny');
  if (policy.scope.kind !== 'host' || broad.length === 0) return [];
  const message = `it denies ${broad.join(', ')} by default to every process: audit it first, with mode: audit`;
  return [finding(policy, ['defaults'], 'warning', 'broad', message)];
}

function wordsFor(object: PolicyObject): string {
  const { kind, ...rest } = object;
  const words = Object.values(rest).filter((value) => value !== null);
  return [
    kind,
    ...words.map((value) => (typeof value === 'object' ? `${value.from}-${value.to}` : String(value))),
  ].join(' ');
}
