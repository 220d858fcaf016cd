import { native } from '../../native.js';
import { bpfIsActive, type Finding } from '../../object/index.js';
import { ftraceOn, hooksBuiltIn, jitOn, memoryReadable, typesThere } from '../findings.js';
import { type Feature, lookedUp } from './feature.js';

/** What the kernel was built with and how it was booted. @internal */
export function machineFeatures(): Feature[] {
  const is = (name: string, { verdict, reason, fix }: Finding) =>
    lookedUp('machine', { name, needs: [] }, { verdict, reason, ...(fix !== undefined && { fix }) });
  return [
    is('BPF LSM', hooksBuiltIn()),
    is('bpf among the active LSMs', bpfIsActive()),
    is('BTF', typesThere()),
    is('ftrace', ftraceOn()),
    is('JIT', jitOn()),
    is('reading memory by address', memoryReadable()),
    is('Landlock', landlock()),
  ];
}

function landlock(): Finding {
  const abi = native().landlockAbi();
  return abi === null
    ? { verdict: 'no', reason: 'Landlock is not built in, or not an active LSM' }
    : { verdict: 'yes', reason: `its ABI is ${abi}` };
}
