import { BpfError } from '../../errors.js';
import { ENGINE, unsupported } from '../abilities/index.js';
import { lint, thisMachine } from '../lint/index.js';
import { ALL_OPERATIONS, classOf, type Operation, type Policy } from '../model/index.js';
import { kernelFactsFor, plan } from '../plan/index.js';

/** Whether this kernel and this engine enforce all that policies say. @throws BpfError with what they do not */
export async function assertEnforceable(policies: readonly Policy[]): Promise<void> {
  if (policies.length === 0) return;
  const facts = await kernelFactsFor(policies.flatMap(operationsOf));
  if (facts.inactive !== null) throw inactive(facts.inactive);
  const planned = plan(policies, facts, ENGINE);
  for (const { name, refusals, rules, defaults } of planned.policies) {
    const reasons = [
      ...refusals,
      ...rules.flatMap((rule) => rule.refusals),
      ...defaults.flatMap((one) => one.refusals),
    ];
    if (reasons.length > 0) throw unsupported(name, reasons);
  }
  const [reason] = planned.refusals;
  if (reason !== undefined) throw new BpfError(reason, { code: 'ERR_BPF_POLICY', reason: 'input' });
}

/** Whether nothing is stopped without which nobody gets back in. @throws BpfError `ERR_BPF_POLICY_LOCKOUT` */
export function assertNoLockout(policies: readonly Policy[]): void {
  if (!policies.some(({ mode }) => mode === 'enforce')) return;
  const stopped = lint(policies, thisMachine()).filter(
    ({ code, level }) => code === 'lockout' && level === 'error',
  );
  const [first] = stopped;
  if (first === undefined) return;
  const more = stopped.length > 1 ? ` (and ${stopped.length - 1} more)` : '';
  throw new BpfError(`policy "${first.policy}" would lock you out: ${first.message}${more}`, {
    code: 'ERR_BPF_POLICY_LOCKOUT',
    reason: 'input',
    hint: 'see them all with bpf-lsm lint, or audit the policy first',
  });
}

function operationsOf({ rules, defaults }: Policy): Operation[] {
  const named = rules.flatMap(({ operations }): readonly Operation[] => operations);
  return [...named, ...ALL_OPERATIONS.filter((operation) => defaults[classOf(operation)] === 'deny')];
}

function inactive(why: string): BpfError {
  return new BpfError(`no policy would be enforced: ${why}`, { code: 'ERR_BPF_INACTIVE', reason: 'kernel' });
}
