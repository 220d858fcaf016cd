import { BpfError } from '../../errors.js';
import { ALL_OPERATIONS, classOf, type Effect, type Operation, type Policy } from '../model/index.js';
import { filterOf } from './filter.js';
import type { Identity } from './identity.js';
import {
  type Anchor,
  type AnchorKey,
  type GenerationRecord,
  type NameKey,
  type NameRules,
  OPERATIONS,
  type OperationWords,
  POLICIES,
  type ScopeKey,
} from './layout.js';
import { isBeneath } from './mount-points.js';
import { compileNetwork, type NetworkTables } from './network-tables.js';
import { type ResolvedFile, reachOf } from './resolve.js';
import { RuleTable } from './rule-table.js';
import type { ResolvedScope } from './scope.js';
import { assertSupported } from './supported.js';

/** What the policies' paths and scopes are on this machine. */
export interface Resolution {
  readonly files: ReadonlyMap<string, ResolvedFile>;
  /** In the order of the policies. */
  readonly scopes: readonly ResolvedScope[];
}

/** The contents of a generation's maps; its number is given when it is stored. */
export interface CompiledGeneration {
  readonly record: Omit<GenerationRecord, 'number'>;
  readonly anchors: readonly [AnchorKey, Anchor][];
  readonly names: readonly [NameKey, NameRules][];
  readonly scopes: readonly [ScopeKey, bigint][];
  readonly network: NetworkTables;
  /** The operations that some policy can deny. */
  readonly operations: readonly Operation[];
}

/**
 * Compiles policies into a generation: each is the bit of its place in the list.
 *
 * @throws BpfError `ERR_BPF_POLICY_LIMIT` for more than 64, `ERR_BPF_POLICY_UNSUPPORTED` for what the engine does not
 *   enforce
 */
export function compile(policies: readonly Policy[], resolution: Resolution): CompiledGeneration {
  if (policies.length > POLICIES) throw tooMany(policies.length);
  const table = new RuleTable();
  const operations = Array.from({ length: OPERATIONS }, nothingSaid);
  for (const [index, policy] of policies.entries()) {
    assertSupported(policy);
    const bit = 1n << BigInt(index);
    addWords(operations, policy, bit);
    addRules(table, policy, bit, resolution.files);
  }
  const anchors = table.anchors;
  const bits = (holds: (policy: Policy, index: number) => boolean) =>
    policies.reduce(
      (word, policy, index) => (holds(policy, index) ? word | (1n << BigInt(index)) : word),
      0n,
    );
  return {
    record: {
      levels: resolution.scopes.reduce((levels, scope) => levels | levelBit(scope), 0) >>> 0,
      host: bits(({ scope }) => scope.kind === 'host'),
      by_cgroup: bits(({ scope }) => scope.kind === 'cgroup'),
      by_domain: bits(({ scope }) => scope.kind === 'domain'),
      enforced: bits(({ mode }) => mode === 'enforce'),
      lenient: bits(({ onExhaustion }) => onExhaustion === 'allow'),
      eperm: bits(({ errno }) => errno === 'EPERM'),
      operations,
      filter: filterOf(anchors.map(([key]) => key)),
      names: Array.from({ length: POLICIES }, (_, index) => policies[index]?.name ?? ''),
    },
    anchors,
    names: table.names,
    scopes: scopeWords(resolution.scopes),
    network: compileNetwork(policies),
    operations: ALL_OPERATIONS.filter((_, index) => operations[index]?.relevant !== 0n),
  };
}

function nothingSaid(): OperationWords {
  return { relevant: 0n, defaults: 0n, located: 0n, facts: 0n, set_id: { mentions: 0n, allows: 0n } };
}

/** The effect of a rule about an operation whatever its object, or of the class's default. */
function defaultOf(policy: Policy, operation: Operation): Effect {
  const effects = policy.rules
    .filter((rule) => rule.target === 'anything' && rule.operations.includes(operation))
    .map(({ effect }) => effect);
  if (effects.length === 0) return policy.defaults[classOf(operation)];
  return effects.includes('deny') ? 'deny' : 'allow';
}

function addWords(operations: readonly OperationWords[], policy: Policy, bit: bigint): void {
  for (const [index, operation] of ALL_OPERATIONS.entries()) {
    const words = operations[index];
    if (!words) continue;
    const rules = policy.rules.filter(
      (rule) => rule.objects !== null && (rule.operations as readonly string[]).includes(operation),
    );
    const byDefault = defaultOf(policy, operation);
    if (byDefault === 'allow') words.defaults |= bit;
    if (byDefault === 'deny' || rules.some(({ effect }) => effect === 'deny')) words.relevant |= bit;
    if (rules.some(({ objects }) => objects?.some(reachOf))) words.located |= bit;
  }
}

function addRules(
  table: RuleTable,
  policy: Policy,
  bit: bigint,
  files: ReadonlyMap<string, ResolvedFile>,
): void {
  const mounted = new MountedBelow();
  for (const rule of policy.rules) {
    for (const object of rule.objects ?? []) {
      const reach = reachOf(object);
      const file = 'path' in object ? files.get(object.path) : undefined;
      if (!file || !reach) continue;
      for (const operation of rule.operations.map((name) => ALL_OPERATIONS.indexOf(name))) {
        if (file.self) table.addAnchor(file.self, operation, reach, bit, rule.effect);
        for (const { directory, name } of file.names) {
          table.addName(directory, name, operation, reach, bit, rule.effect);
        }
        if (reach === 'below') mounted.add(file, operation, rule.effect);
      }
    }
  }
  mounted.addTo(table, bit);
}

interface Reached {
  identity: Identity;
  operation: number;
  /** The nearest directories with a rule: as long as the longest path. */
  length: number;
  effects: Effect[];
}

/**
 * What is mounted beneath a directory of a rule gets the rule too: it can be reached past the directory, through another
 * mount of the same. The nearest directory above decides, and nothing if a rule is for the root of the mount itself.
 */
class MountedBelow {
  readonly #reached = new Map<string, Reached>();

  add({ path: directory, mounts }: ResolvedFile, operation: number, effect: Effect): void {
    for (const { path, identity } of mounts) {
      if (!isBeneath(path, directory)) continue;
      const key = `${operation}:${path}`;
      const found = this.#reached.get(key);
      if (found && found.length > directory.length) continue;
      if (found && found.length === directory.length) found.effects.push(effect);
      else this.#reached.set(key, { identity, operation, length: directory.length, effects: [effect] });
    }
  }

  addTo(table: RuleTable, bit: bigint): void {
    const free = [...this.#reached.values()].filter(
      ({ identity, operation }) => !table.hasAnchor(identity, operation, 'below', bit),
    );
    for (const { identity, operation, effects } of free) {
      table.addAnchor(identity, operation, 'below', bit, effects.includes('deny') ? 'deny' : 'allow');
    }
  }
}

function levelBit(scope: ResolvedScope): number {
  return scope.kind === 'cgroup' ? 2 ** scope.level : 0;
}

function scopeWords(scopes: readonly ResolvedScope[]): [ScopeKey, bigint][] {
  const words = new Map<string, [ScopeKey, bigint]>();
  for (const [index, scope] of scopes.entries()) {
    if (scope.kind === 'host') continue;
    const kind = scope.kind === 'cgroup' ? 'SCOPE_CGROUP' : 'SCOPE_DOMAIN';
    const [key, word] = words.get(`${kind}:${scope.id}`) ?? [{ id: scope.id, kind, zero: 0 } as const, 0n];
    words.set(`${kind}:${scope.id}`, [key, word | (1n << BigInt(index))]);
  }
  return [...words.values()];
}

function tooMany(count: number): BpfError {
  return new BpfError(`${count} policies are too many: the engine takes ${POLICIES}`, {
    code: 'ERR_BPF_POLICY_LIMIT',
    reason: 'input',
    hint: 'put rules of the same scope and mode into one policy',
  });
}
