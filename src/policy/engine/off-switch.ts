import { readFileSync } from 'node:fs';
import { BpfError } from '../../errors.js';

// With a dot in it, init/main.c unknown_bootoption() hands it to nobody.
const OFF = 'bpf_lsm.policies=off';

/** @throws BpfError `ERR_BPF_POLICY_OFF` when whoever booted this machine wants no policies */
export function assertNotOff(commandLine: string = readFileSync('/proc/cmdline', 'utf8')): void {
  if (!commandLine.trim().split(/\s+/).includes(OFF)) return;
  throw new BpfError(`no policies are applied, since the kernel command line says ${OFF}`, {
    code: 'ERR_BPF_POLICY_OFF',
    reason: 'permission',
    hint: 'boot without it',
  });
}
