import { BpfError } from '../../errors.js';
import { assertSupported } from '../abilities/index.js';
import {
  ALL_OPERATIONS,
  classOf,
  type Effect,
  type Operation,
  type Policy,
  type PolicyObject,
} from '../model/index.js';
import { conditionWords, idWords } from './conditions.js';
import { addObjectRules, FactTable } from './facts.js';
import { filterOf } from './filter.js';
import type { Identity } from './identity.js';
import {
  ANYWHERE,
  type Anchor,
  type AnchorKey,
  type FactKey,
  FILE_SYSTEMS,
  type GenerationRecord,
  type IdPrefix,
  type NameKey,
  type NameRules,
  OPERATIONS,
  type OperationWords,
  OWNED_BY,
  type Pair,
  POLICIES,
  RUN_BY,
  type ScopeKey,
  type SourcePiece,
} from './layout.js';
import { isBeneath } from './mount-points.js';
import { compileNetwork, type NetworkTables } from './network-tables.js';
import { type ResolvedFile, reachOf } from './resolve.js';
import { addTo, RuleTable } from './rule-table.js';
import type { ResolvedScope } from './scope.js';
import { sourcePieces } from './sources.js';

/** What the policies' paths and scopes are on this machine. */
export interface Resolution {
  readonly files: ReadonlyMap<string, ResolvedFile>;
  /** In the order of the policies. */
  readonly scopes: readonly ResolvedScope[];
  /** The numbers of the kernel's constants that policies name. */
  readonly constants: ReadonlyMap<string, number>;
}

/** The contents of a generation's maps; its number is given when it is stored. */
export interface CompiledGeneration {
  readonly record: Omit<GenerationRecord, 'number'>;
  readonly anchors: readonly [AnchorKey, Anchor][];
  readonly names: readonly [NameKey, NameRules][];
  readonly scopes: readonly [ScopeKey, bigint][];
  readonly sources: readonly [number, SourcePiece][];
  readonly ids: readonly [IdPrefix, bigint][];
  readonly facts: readonly [FactKey, Pair][];
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
  const facts = new FactTable();
  const operations = Array.from({ length: OPERATIONS }, nothingSaid);
  for (const [index, policy] of policies.entries()) {
    assertSupported(policy);
    const bit = 1n << BigInt(index);
    addWords(operations, policy, bit);
    addFacts(table, operations, policy, bit);
    addRules(table, policy, bit, resolution.files);
    addObjectRules({ table, facts }, policy, bit, resolution);
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
      ...conditionWords(bits),
      operations,
      filter: filterOf(anchors.map(([key]) => key)),
      names: Array.from({ length: POLICIES }, (_, index) => policies[index]?.name ?? ''),
    },
    anchors,
    names: table.names,
    scopes: scopeWords(resolution.scopes),
    sources: sourcePieces(policies),
    ids: idWords(policies),
    facts: facts.entries,
    network: compileNetwork(policies),
    operations: ALL_OPERATIONS.filter((_, index) => operations[index]?.relevant !== 0n),
  };
}

function nothingSaid(): OperationWords {
  return {
    relevant: 0n,
    defaults: 0n,
    specific: 0n,
    located: 0n,
    facts: 0n,
    types: 0n,
    set_id: { mentions: 0n, allows: 0n },
  };
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
    const objects = rules.flatMap((rule): readonly PolicyObject[] => rule.objects ?? []);
    const has = (...kinds: PolicyObject['kind'][]) => objects.some(({ kind }) => kinds.includes(kind));
    if (objects.length > 0) words.specific |= bit;
    if (objects.some(reachOf) || has('file-system')) words.located |= bit;
    if (has('name', 'set-id', 'owner')) words.facts |= bit;
    if (has('file-system')) words.types |= bit;
  }
  const runBy = operations[RUN_BY];
  if (!runBy || policy.conditions.executables === null) return;
  runBy.relevant |= bit;
  runBy.defaults |= bit;
  runBy.located |= bit;
}

/** Rules about what an object is, wherever it is. */
function addFacts(
  table: RuleTable,
  operations: readonly OperationWords[],
  policy: Policy,
  bit: bigint,
): void {
  for (const { operation, object, effect } of placedRules(policy)) {
    switch (object.kind) {
      case 'name':
        table.addName(ANYWHERE, Buffer.from(object.name), operation, 'self', bit, effect);
        break;
      case 'owner':
        table.addAnchor({ device: OWNED_BY, inode: BigInt(object.uid) }, operation, 'self', bit, effect);
        break;
      case 'set-id':
        addTo((operations[operation] as OperationWords).set_id, bit, effect);
        break;
      case 'file-system':
        table.addType(FILE_SYSTEMS, object.type, operation, bit, effect);
        break;
    }
  }
}

interface PlacedRule {
  readonly operation: number;
  readonly object: PolicyObject;
  readonly effect: Effect;
}

/** The rules, each operation and object apart; an executable of a condition is as if it was denied. */
function placedRules({ rules, conditions }: Policy): PlacedRule[] {
  const ofRules = rules.flatMap(({ operations, objects, effect }) =>
    (objects ?? []).flatMap((object) =>
      operations.map((name) => ({ operation: ALL_OPERATIONS.indexOf(name), object, effect })),
    ),
  );
  const ofConditions = (conditions.executables ?? []).map((object) => ({
    operation: RUN_BY,
    object,
    effect: 'deny' as const,
  }));
  return [...ofRules, ...ofConditions];
}

function addRules(
  table: RuleTable,
  policy: Policy,
  bit: bigint,
  files: ReadonlyMap<string, ResolvedFile>,
): void {
  const mounted = new MountedBelow(typesOf(policy));
  for (const { operation, object, effect } of placedRules(policy)) {
    const reach = reachOf(object);
    const file = 'path' in object ? files.get(object.path) : undefined;
    if (!file || !reach) continue;
    if (file.self) table.addAnchor(file.self, operation, reach, bit, effect);
    for (const { directory, name } of file.names) {
      table.addName(directory, name, operation, reach, bit, effect);
    }
    if (reach === 'below') mounted.add(file, operation, effect);
  }
  mounted.addTo(table, bit);
}

/** The types of file systems that a policy has rules about, each after its operation. */
function typesOf(policy: Policy): Set<string> {
  return new Set(
    placedRules(policy).flatMap(({ operation, object }) =>
      object.kind === 'file-system' ? [`${operation}:${object.type}`] : [],
    ),
  );
}

interface Reached {
  identity: Identity;
  operation: number;
  whole: boolean;
  /** The nearest directories with a rule: as long as the longest path. */
  length: number;
  effects: Effect[];
}

/**
 * What is mounted beneath a directory of a rule gets the rule too: it can be reached past the directory, through another
 * mount of the same. The nearest directory above decides, and nothing if a rule is for the root of the mount itself, or for
 * the type of its file system, which is nearer than what it is mounted on. A part of a file system is not allowed so, which
 * may be seen where nothing allows it.
 */
class MountedBelow {
  readonly #reached = new Map<string, Reached>();
  readonly #types: ReadonlySet<string>;

  constructor(types: ReadonlySet<string>) {
    this.#types = types;
  }

  add({ path: directory, mounts }: ResolvedFile, operation: number, effect: Effect): void {
    for (const { path, identity, type, whole } of mounts) {
      if (!isBeneath(path, directory) || this.#hasRulesFor(operation, type)) continue;
      const key = `${operation}:${path}`;
      const found = this.#reached.get(key);
      if (found && found.length > directory.length) continue;
      if (found && found.length === directory.length) found.effects.push(effect);
      else
        this.#reached.set(key, { identity, operation, whole, length: directory.length, effects: [effect] });
    }
  }

  #hasRulesFor(operation: number, type: string): boolean {
    const [family = ''] = type.split('.');
    return [type, family].some((name) => this.#types.has(`${operation}:${name}`));
  }

  addTo(table: RuleTable, bit: bigint): void {
    const free = [...this.#reached.values()].filter(
      ({ identity, operation }) => !table.hasAnchor(identity, operation, 'below', bit),
    );
    for (const { identity, operation, whole, effects } of free) {
      const effect = effects.includes('deny') ? 'deny' : 'allow';
      if (effect === 'deny' || whole) table.addAnchor(identity, operation, 'below', bit, effect);
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
