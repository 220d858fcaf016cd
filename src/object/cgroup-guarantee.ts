import { BpfError, type BpfErrorReason } from '../errors.js';
import { native, type ProgramHandle } from '../native.js';
import type { AttachOptions } from './attach-options.js';
import { hookOfProgram, type ProgramDetails } from './program-kind.js';
import { type TakingBack, takingBack } from './taking-back.js';

interface Doubt {
  why: string;
  hint: string;
  reason: BpfErrorReason;
}

/**
 * See {@link AttachOptions.guaranteed}. That others may take a program's place (BPF_F_ALLOW_OVERRIDE), no link can ask for.
 *
 * @throws BpfError `ERR_BPF_NOT_GUARANTEED`
 */
export function assertGuaranteed(
  program: ProgramHandle,
  details: ProgramDetails,
  { preorder }: AttachOptions,
): void {
  const doubt = preorder ? EARLY : DOUBTS[takingBack(native().programInstructions(program))];
  if (!doubt) return;
  const { why, ...fields } = doubt;
  throw new BpfError(`program "${details.name}" would give no guarantee: ${why}`, {
    code: 'ERR_BPF_NOT_GUARANTEED',
    program: details.name,
    hook: hookOfProgram(details),
    ...fields,
  });
}

const EARLY: Doubt = {
  why: 'with preorder it runs before the programs of the cgroups below, which can take back what it denies',
  hint: 'leave preorder out',
  reason: 'input',
};

const DENY = 'deny with cgroup_deny() of bpf_lsm/verdict.h, which never passes 0';

const DOUBTS: Readonly<Record<TakingBack, Doubt | undefined>> = {
  never: undefined,
  calls: {
    why: 'it calls bpf_set_retval(0), which takes back what programs before it have denied',
    hint: DENY,
    reason: 'input',
  },
  may: {
    why: 'it may call bpf_set_retval() with 0, which takes back what programs before it have denied',
    hint: DENY,
    reason: 'input',
  },
  unknown: {
    why: 'this process may not look at its instructions',
    hint: 'run it as root, or give it CAP_BPF, CAP_NET_ADMIN and CAP_SYSLOG',
    reason: 'permission',
  },
};
