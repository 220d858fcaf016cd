import { ENGINE, type EngineAbilities } from '../abilities/index.js';
import {
  OPERATION_CLASSES,
  OPERATIONS,
  type Operation,
  type OperationClass,
  type Policy,
  type PolicyObject,
  type Rule,
} from '../model/index.js';
import { carriersOf, type Route } from '../operations/index.js';
import { suggestion } from '../schema/index.js';
import { sourceOf } from '../yaml/index.js';
import type { KernelFacts } from './facts.js';

/** What will enforce an operation on a kernel. */
export interface PlannedOperation {
  readonly operation: Operation;
  /** Each way in which it comes about on this kernel, with the hook that carries it. */
  readonly routes: readonly { readonly how: string; readonly hook: string }[];
}

/** What will enforce a rule. */
export interface PlannedRule {
  /** Its index in the policy. */
  readonly rule: number;
  /** Where it stands, in a policy that was read from a text. */
  readonly line?: number;
  readonly effect: Rule['effect'];
  readonly operations: readonly PlannedOperation[];
  /** Why it cannot be enforced, each a sentence; empty when it can. */
  readonly refusals: readonly string[];
}

/** What will enforce the default of a class that denies. */
export interface PlannedDefault {
  readonly class: OperationClass;
  readonly operations: readonly PlannedOperation[];
  /** Operations of the class that no kernel asks LSMs about: the default does not reach them. */
  readonly unreachable: readonly Operation[];
  readonly refusals: readonly string[];
}

/** What will enforce a policy. */
export interface PlannedPolicy {
  readonly name: string;
  readonly mode: Policy['mode'];
  /** The file it was read from. */
  readonly file?: string;
  /** Whether all of it can be enforced. */
  readonly enforceable: boolean;
  readonly rules: readonly PlannedRule[];
  readonly defaults: readonly PlannedDefault[];
  /** Why the policy as a whole cannot be enforced. */
  readonly refusals: readonly string[];
}

/** What will enforce policies on a kernel, rule by rule. Plain data: `JSON.stringify()` takes it. */
export interface Plan {
  /** The release of the kernel that it is about. */
  readonly kernel: string;
  /** Whether everything in all policies can be enforced. */
  readonly enforceable: boolean;
  /** Why nothing at all would be enforced as things are. */
  readonly refusals: readonly string[];
  readonly policies: readonly PlannedPolicy[];
  /** The hooks to which programs will be attached. */
  readonly hooks: readonly string[];
}

/**
 * Tells what will enforce each rule on a kernel, and what cannot be enforced there. Pure.
 *
 * A rule that denies is refused when one of the ways in which its operations come about would not be carried; a rule that
 * allows takes nothing to enforce.
 *
 * @param facts - what the kernel has: {@link kernelFacts} for the running one
 * @param engine - what the engine can do; by default what this package's can
 */
export function plan(
  policies: readonly Policy[],
  facts: KernelFacts,
  engine: EngineAbilities = ENGINE,
): Plan {
  const planned = policies.map((policy) => planPolicy(policy, facts, engine));
  const missing = engine.needs.filter((name) => !facts.functions.includes(name));
  const refusals = [
    ...(facts.inactive === null ? [] : [facts.inactive]),
    ...missing.map((name) => `this kernel has no ${name}(), which the engine cannot do without`),
    ...sameNames(policies),
  ];
  const operations = planned.flatMap(({ rules, defaults }) => [
    ...rules.filter(({ effect }) => effect === 'deny').flatMap((rule) => rule.operations),
    ...defaults.flatMap((one) => one.operations),
  ]);
  return {
    kernel: facts.kernel,
    enforceable: refusals.length === 0 && planned.every(({ enforceable }) => enforceable),
    refusals,
    policies: planned,
    hooks: [...new Set(operations.flatMap(({ routes }) => routes.map(({ hook }) => hook)))].sort(),
  };
}

function planPolicy(policy: Policy, facts: KernelFacts, engine: EngineAbilities): PlannedPolicy {
  const source = sourceOf(policy);
  const rules = policy.rules.map((rule, index) => ({
    rule: index,
    ...(source && { line: source.placeOf(['rules', index]).line }),
    ...planRule(rule, facts, engine),
  }));
  const defaults = OPERATION_CLASSES.filter((name) => policy.defaults[name] === 'deny').map((name) =>
    planDefault(name, facts, engine),
  );
  const conditions = (['executables', 'uids', 'gids'] as const).filter(
    (name) => policy.conditions[name] !== null && !engine.tells(name),
  );
  const refusals = [
    ...conditions.map((name) => `the engine has no conditions on ${name}: take them out`),
    ...engine.lacks(policy),
  ];
  return {
    name: policy.name,
    mode: policy.mode,
    ...(source?.file !== undefined && { file: source.file }),
    enforceable: [...rules, ...defaults, { refusals }].every(({ refusals }) => refusals.length === 0),
    rules,
    defaults,
    refusals,
  };
}

function planRule(
  { effect, operations, objects }: Rule,
  facts: KernelFacts,
  engine: EngineAbilities,
): Omit<PlannedRule, 'rule' | 'line'> {
  const planned = (operations as readonly Operation[]).map((one) => planOperation(one, facts, engine));
  const ofObjects = ((objects ?? []) as readonly PolicyObject[]).flatMap((object) =>
    objectRefusals(object, facts, engine),
  );
  // A rule that allows an operation which nothing can deny is true already.
  const ofOperations = effect === 'deny' ? planned.flatMap(({ refusals }) => refusals) : [];
  return {
    effect,
    operations: planned.map(({ operation, routes }) => ({ operation, routes })),
    refusals: [...new Set([...ofOperations, ...ofObjects])],
  };
}

function planDefault(name: OperationClass, facts: KernelFacts, engine: EngineAbilities): PlannedDefault {
  const all = Object.keys(OPERATIONS[name]) as Operation[];
  const unreachable = all.filter((operation) => carriersOf(operation).routes.length === 0);
  const planned = all
    .filter((operation) => !unreachable.includes(operation))
    .map((operation) => planOperation(operation, facts, engine));
  return {
    class: name,
    operations: planned.map(({ operation, routes }) => ({ operation, routes })),
    unreachable,
    refusals: [...new Set(planned.flatMap(({ refusals }) => refusals))],
  };
}

function planOperation(
  operation: Operation,
  facts: KernelFacts,
  engine: EngineAbilities,
): PlannedOperation & { refusals: string[] } {
  const { routes, instead } = carriersOf(operation);
  if (routes.length === 0) {
    return { operation, routes: [], refusals: [`no kernel asks LSMs about ${operation}: ${instead}`] };
  }
  const found = routes.map((route) => ({
    route,
    hook: route.hooks.find((hook) => facts.hooks[hook] === 'int'),
  }));
  return {
    operation,
    routes: found.flatMap(({ route, hook }) => (hook === undefined ? [] : [{ how: route.how, hook }])),
    refusals: found.flatMap(({ route, hook }) => routeRefusals(operation, route, hook, facts, engine)),
  };
}

function routeRefusals(
  operation: Operation,
  { how, hooks, absentWithout }: Route,
  hook: string | undefined,
  facts: KernelFacts,
  engine: EngineAbilities,
): string[] {
  if (hook !== undefined) {
    return engine.carries(operation, hook)
      ? []
      : [`the engine has no program at ${hook} for ${operation}: ${how} would not be judged`];
  }
  if (absentWithout) return [];
  const off = hooks.filter((name) => facts.hooks[name] !== undefined);
  return off.length > 0
    ? [`this kernel keeps BPF off ${off.join(' and ')}, so ${how} would not be judged as ${operation}`]
    : [`this kernel has no hook ${hooks.join(' or ')}, so ${how} would not be judged as ${operation}`];
}

function objectRefusals(object: PolicyObject, facts: KernelFacts, engine: EngineAbilities): string[] {
  if (!engine.tells(object.kind)) return [`the engine cannot tell objects of the kind ${object.kind} apart`];
  switch (object.kind) {
    case 'bpf-command':
      return unknown(object.command, facts.bpfCommands, 'command of bpf(2)');
    case 'bpf-program-type':
      return unknown(object.type, facts.programTypes, 'program type');
    case 'lockdown-reason':
      return unknown(object.reason, facts.lockdownReasons, 'lockdown reason');
    default:
      return [];
  }
}

function unknown(name: string, known: readonly string[] | null, what: string): string[] {
  if (known === null) return [`this kernel has no BTF to tell its ${what} ${name}`];
  return known.includes(name) ? [] : [`this kernel has no ${what} ${name}; ${suggestion(name, known)}`];
}

function sameNames(policies: readonly Policy[]): string[] {
  const names = policies.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `there are several policies "${name}": each needs a name of its own`);
}
