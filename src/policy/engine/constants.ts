import { BpfError } from '../../errors.js';
import { kernelEnum } from '../../object/index.js';
import type { Policy, PolicyObject } from '../model/index.js';

/**
 * The numbers that the running kernel has for the constants of its that policies name.
 *
 * @throws BpfError `ERR_BPF_POLICY_OBJECT` for one that it does not have
 */
export function constantsOf(policies: readonly Policy[]): ReadonlyMap<string, number> {
  const objects = policies.flatMap(({ rules }) =>
    rules.flatMap((rule): readonly PolicyObject[] => rule.objects ?? []),
  );
  return new Map(
    objects.flatMap((object) => {
      const constant = constantOf(object);
      return constant ? [[constant.name, numberOf(constant)] as const] : [];
    }),
  );
}

interface Constant {
  readonly enumeration: string;
  readonly name: string;
}

function constantOf(object: PolicyObject): Constant | undefined {
  switch (object.kind) {
    case 'bpf-command':
      return { enumeration: 'bpf_cmd', name: object.command };
    case 'bpf-program-type':
      return { enumeration: 'bpf_prog_type', name: object.type };
    case 'lockdown-reason':
      return { enumeration: 'lockdown_reason', name: object.reason };
    default:
      return undefined;
  }
}

function numberOf({ enumeration, name }: Constant): number {
  const number = kernelEnum(enumeration)?.get(name);
  if (number !== undefined) return number;
  throw new BpfError(`this kernel has no ${name} in its enum ${enumeration}`, {
    code: 'ERR_BPF_POLICY_OBJECT',
    reason: 'kernel',
    hint: 'leave it out of the policy for this kernel',
  });
}
