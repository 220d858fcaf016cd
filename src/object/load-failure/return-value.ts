import type { Explanation, Failure } from './failure.js';

// kernel/bpf/verifier.c check_return_code(); for lsm/ programs since Linux 6.12. Up to 6.1 it gives the range as a
// value and a mask of what may differ: (0x0; 0x1).
const RANGE =
  /At program exit the register R0 .*should have been in (?:\[(-?\d+), (-?\d+)\]|\((0x\w+); (0x\w+)\))/;

export function returnRange({ words, program }: Failure): Explanation | undefined {
  const found = RANGE.exec(words);
  if (!found) return undefined;
  const [, least = Number(found[3]), most = Number(found[3]) + Number(found[4])] = found;
  return {
    why: `it may return a value outside [${least}, ${most}]`,
    reason: 'input',
    hint: hintFor(program?.section ?? '', Number(least), Number(most)),
  };
}

function hintFor(section: string, least: number, most: number): string | undefined {
  const ofCgroup = /^(lsm_cgroup|cgroup)\//.test(section);
  if (ofCgroup && least === 1 && most === 1) {
    return 'return 1: this hook has no result that could be changed (LSM_CGROUP_OBSERVER in bpf_lsm/program.h does that)';
  }
  if (ofCgroup) return 'return 1 to allow, 0 to deny; bpf_set_retval(-EACCES) chooses the errno';
  if (least === 0 && most === 1) return 'return 0 or 1: this hook answers no or yes';
  return 'return 0 to allow or a negative errno such as -EPERM to deny (lsm_deny() in bpf_lsm/verdict.h keeps an errno in range)';
}
