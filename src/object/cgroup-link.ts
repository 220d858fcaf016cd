import { fstatSync } from 'node:fs';
import { BpfError } from '../errors.js';
import { native } from '../native.js';
import { type CgroupTarget, pathOfCgroup } from './cgroup-target.js';
import { type CgroupLinkInfo, type LinkInfo, linkInfoById } from './link-info.js';
import { livingLinks } from './living-links.js';
import type { BpfProgram } from './program.js';

/**
 * The id of the link by which a program is attached to this very cgroup, in this way.
 *
 * @throws BpfError `ENOENT` when there is none that can be seen, `ERR_BPF_ARGUMENT` when there are several
 */
export function linkOnCgroup(
  program: BpfProgram,
  attachType: string,
  fd: number,
  cgroup: string | CgroupTarget,
): number {
  const programId = program.info().id;
  const cgroupId = fstatSync(fd, { bigint: true }).ino;
  const found = cgroupLinks().links.filter(
    (link) => link.programId === programId && link.cgroupId === cgroupId && link.attachType === attachType,
  );
  const [link] = found;
  if (link !== undefined && found.length === 1) return link.id;
  const path = pathOfCgroup(cgroup);
  const [code, why] =
    link === undefined ? ['ENOENT', 'no link attaches it'] : ['ERR_BPF_ARGUMENT', 'several links attach it'];
  throw new BpfError(
    `program "${program.name}" is no place in the order: ${why} to cgroup ${path} as ${attachType}`,
    {
      code,
      reason: 'input',
      program: program.name,
      hook: program.hook,
      path,
      hint: 'name a link; cgroup.attached() tells what is there',
    },
  );
}

/** The cgroup links of the machine, or `seen: 'own'`: without CAP_SYS_ADMIN, those that this process has open. */
export function cgroupLinks(): { seen: 'all' | 'own'; links: CgroupLinkInfo[] } {
  const onCgroups = (links: readonly (LinkInfo | null)[]) => links.filter((link) => link?.type === 'cgroup');
  try {
    return { seen: 'all', links: onCgroups(native().inventoryIds('link').map(linkInfoById)) };
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'EPERM') throw error;
    return { seen: 'own', links: onCgroups([...livingLinks].map((link) => link.info())) };
  }
}
