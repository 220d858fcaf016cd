import { ALL_OPERATIONS, CAPABILITIES, type Effect, type Policy, type PolicyObject } from '../model/index.js';
import { ANYWHERE, type FactKey, type Pair } from './layout.js';
import { addTo, type RuleTable } from './rule-table.js';

/** The rules about what the kernel has numbers for, in the form in which the engine looks them up. */
export class FactTable {
  readonly #facts = new Map<string, [FactKey, Pair]>();

  add(key: FactKey, policy: bigint, effect: Effect): void {
    const text = `${key.operation}:${key.kind}:${key.value}`;
    const [, pair] = this.#facts.get(text) ?? [key, { mentions: 0n, allows: 0n }];
    addTo(pair, policy, effect);
    this.#facts.set(text, [key, pair]);
  }

  get entries(): [FactKey, Pair][] {
    return [...this.#facts.values()];
  }
}

interface Tables {
  readonly table: RuleTable;
  readonly facts: FactTable;
}

interface Known {
  readonly constants: ReadonlyMap<string, number>;
}

/** Adds what a policy says of objects that are no files: processes, capabilities, calls of bpf(2), mounts, lockdown. */
export function addObjectRules({ table, facts }: Tables, policy: Policy, bit: bigint, known: Known): void {
  for (const { effect, operations, objects } of policy.rules) {
    for (const object of objects ?? []) {
      for (const operation of operations.map((name) => ALL_OPERATIONS.indexOf(name))) {
        if (object.kind === 'mount-type') {
          table.addName(ANYWHERE, Buffer.from(object.type), operation, 'self', bit, effect);
        } else {
          const fact = factOf(object, known.constants);
          if (fact) facts.add({ ...fact, operation }, bit, effect);
        }
      }
    }
  }
}

/** Undefined for objects that are more than a number. */
function factOf(
  object: PolicyObject,
  constants: ReadonlyMap<string, number>,
): Pick<FactKey, 'kind' | 'value'> | undefined {
  const constant = (name: string) => BigInt(constants.get(name) as number);
  switch (object.kind) {
    case 'capability':
      return { kind: 'FACT_CAPABILITY', value: BigInt(CAPABILITIES.indexOf(object.capability)) };
    case 'bpf-command':
      return { kind: 'FACT_BPF_COMMAND', value: constant(object.command) };
    case 'bpf-program-type':
      return { kind: 'FACT_BPF_PROGRAM_TYPE', value: constant(object.type) };
    case 'lockdown-reason':
      return { kind: 'FACT_LOCKDOWN_REASON', value: constant(object.reason) };
    case 'target-uid':
      return { kind: 'FACT_TARGET_UID', value: BigInt(object.uid) };
    case 'target-scope':
      return { kind: 'FACT_TARGET_SCOPE', value: object.scope === 'inside' ? 1n : 0n };
    default:
      return undefined;
  }
}
