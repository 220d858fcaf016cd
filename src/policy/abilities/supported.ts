import { BpfError } from '../../errors.js';
import { ALL_OPERATIONS, classOf, type Operation, type Policy } from '../model/index.js';
import { carriersOf } from '../operations/index.js';
import type { EngineAbilities } from './engine-abilities.js';
import { carries, isCarried } from './programs.js';

/** The objects and the conditions that the engine's programs can tell. */
const TOLD: ReadonlySet<string> = new Set<Parameters<EngineAbilities['tells']>[0]>([
  'path',
  'beneath',
  'name',
  'set-id',
  'owner',
  'file-system',
  'executables',
  'uids',
  'gids',
  'target-executable',
  'target-uid',
  'target-scope',
  'capability',
  'bpf-command',
  'bpf-program-type',
  'mount-type',
  'lockdown-reason',
  'socket',
  'ip',
  'port',
  'unix-path',
  'unix-beneath',
  'unix-abstract',
]);

/** What the engine enforces, where the kernel lets it. */
export const ENGINE: EngineAbilities = {
  carries,
  tells: (kind) => TOLD.has(kind),
  lacks: missingTargets,
  needs: [],
};

/**
 * Refuses a policy of which the engine would leave out something that denies.
 *
 * @throws BpfError `ERR_BPF_POLICY_UNSUPPORTED`, with all that it lacks
 */
export function assertSupported(policy: Policy): void {
  const lacking = [
    ...missingConditions(policy),
    ...missingOperations(policy),
    ...missingObjects(policy),
    ...missingTargets(policy),
  ];
  if (lacking.length > 0) throw unsupported(policy.name, lacking);
}

/** What is thrown for a policy that cannot be enforced. */
export function unsupported(policy: string, reasons: readonly string[]): BpfError {
  return new BpfError(`policy "${policy}" cannot be enforced: ${[...new Set(reasons)].join('; ')}`, {
    code: 'ERR_BPF_POLICY_UNSUPPORTED',
    reason: 'kernel',
    hint: 'leave that out of the policy',
  });
}

function missingConditions({ conditions }: Policy): string[] {
  return (['executables', 'uids', 'gids'] as const)
    .filter((name) => conditions[name] !== null && !TOLD.has(name))
    .map((name) => `conditions on ${name} are not judged`);
}

function missingOperations(policy: Policy): string[] {
  return ALL_OPERATIONS.filter((operation) => !isCarried(operation) && canDeny(policy, operation)).map(
    (operation) => `no program carries "${operation}"`,
  );
}

function missingObjects({ rules }: Policy): string[] {
  return rules.flatMap((rule) =>
    (rule.objects ?? [])
      .map(({ kind }) => kind)
      .filter((kind) => !TOLD.has(kind))
      .map((kind) => `objects of the kind "${kind}" are not judged`),
  );
}

/** Whether a policy governs another process depends on its scope alone here. */
function missingTargets({ rules, conditions }: Policy): string[] {
  const asked = rules.some((rule) => rule.objects?.some(({ kind }) => kind === 'target-scope'));
  const conditional = Object.values(conditions).some((condition) => condition !== null);
  return asked && conditional
    ? ['whether a process is inside or outside is not told in a policy with conditions: take one of them out']
    : [];
}

/** The default of a class is not about operations that no kernel asks about. */
function canDeny({ defaults, rules }: Policy, operation: Operation): boolean {
  return (
    (defaults[classOf(operation)] === 'deny' && carriersOf(operation).routes.length > 0) ||
    rules.some(
      ({ effect, operations }) => effect === 'deny' && (operations as readonly string[]).includes(operation),
    )
  );
}
