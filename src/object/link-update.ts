import { BpfError } from '../errors.js';
import type { LinkInfo } from './link-info.js';
import type { BpfProgram } from './program.js';

/**
 * The kernel looks at the type of the new program only, and for LSM programs at the hook: it takes an `lsm/` program
 * for a link of an `lsm_cgroup/` one (kernel/bpf/cgroup.c __cgroup_bpf_replace()), where its 0 for "allow" denies.
 *
 * @throws BpfError `ERR_BPF_ARGUMENT`
 */
export function assertFitsLink(program: BpfProgram, link: LinkInfo): void {
  if (link.type !== 'cgroup') return;
  const { attachType } = program;
  // What a cgroup_skb program was loaded for is not told by the kernel, and does not bind it.
  if (attachType === link.attachType || (attachType === undefined && program.type === 'cgroup_skb')) return;
  throw new BpfError(
    `program "${program.name}" cannot be put in the place of another on link ${link.id}: it was loaded for ${attachType ?? 'something else'}, and the link is one of ${link.attachType}`,
    {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      program: program.name,
      hook: program.hook,
      hint: 'load it from a section of the same kind',
    },
  );
}
