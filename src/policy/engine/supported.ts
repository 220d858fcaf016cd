import { BpfError } from '../../errors.js';
import { ALL_OPERATIONS, classOf, type Operation, type Policy, type PolicyObject } from '../model/index.js';
import { isCarried } from './programs.js';

/** The kinds of objects that the engine judges. */
const JUDGED: ReadonlySet<PolicyObject['kind']> = new Set<PolicyObject['kind']>([
  'path',
  'beneath',
  'socket',
  'ip',
  'port',
  'unix-path',
  'unix-beneath',
  'unix-abstract',
]);

/**
 * Refuses a policy of which the engine would leave out something that denies.
 *
 * @throws BpfError `ERR_BPF_POLICY_UNSUPPORTED`, with all that it lacks
 */
export function assertSupported(policy: Policy): void {
  const lacking = [...missingConditions(policy), ...missingOperations(policy), ...missingObjects(policy)];
  if (lacking.length === 0) return;
  throw new BpfError(`policy "${policy.name}" cannot be enforced: ${[...new Set(lacking)].join('; ')}`, {
    code: 'ERR_BPF_POLICY_UNSUPPORTED',
    reason: 'kernel',
    hint: 'leave that out of the policy',
  });
}

function missingConditions({ conditions }: Policy): string[] {
  const { executables, uids, gids } = conditions;
  return executables || uids || gids ? ['conditions on executables, uids and gids are not judged'] : [];
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
      .filter((kind) => !JUDGED.has(kind))
      .map((kind) => `objects of the kind "${kind}" are not judged`),
  );
}

function canDeny(policy: Policy, operation: Operation): boolean {
  return (
    policy.defaults[classOf(operation)] === 'deny' ||
    policy.rules.some(
      ({ effect, operations }) => effect === 'deny' && (operations as readonly string[]).includes(operation),
    )
  );
}
