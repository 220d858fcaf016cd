import { BpfError, rephrase } from '../errors.js';
import { native } from '../native.js';
import { attachTypeNumber } from '../object/index.js';
import { attachedTo } from './attached.js';
import type { Cgroup } from './cgroup.js';

/** See {@link Cgroup.detachProgram}. */
export function detachProgram(cgroup: Cgroup, programId: number, attachType: string): void {
  const list = attachedTo(cgroup, { attachType }).find(({ programs }) =>
    programs.some((program) => program.programId === programId),
  );
  const program = list?.programs.find((each) => each.programId === programId);
  if (!list || !program) throw notAttached(cgroup, programId, attachType);
  if (program.attachedBy === 'link') throw byLink(cgroup, programId, program.linkId);
  try {
    // Of lists of one program the kernel detaches that one, whichever is named: the revision makes sure that it is this.
    const there = cgroup.use((fd) =>
      native().cgroupDetach(fd, programId, attachTypeNumber(attachType), list.revision ?? 0n),
    );
    if (!there) throw notAttached(cgroup, programId, attachType);
  } catch (cause) {
    throw cause instanceof BpfError && cause.errno !== undefined
      ? explained(cgroup, programId, cause)
      : cause;
  }
}

function explained(cgroup: Cgroup, programId: number, cause: BpfError): BpfError {
  const subject = `program ${programId} cannot be detached from cgroup ${cgroup.path}`;
  if (cause.code === 'ESTALE') {
    return rephrase(cause, `${subject}: what is attached there has changed meanwhile (ESTALE)`, {
      path: cgroup.path,
      hint: 'look again with attached(), and decide again',
    });
  }
  if (cause.code !== 'EPERM') return rephrase(cause, `${subject}: ${cause.message}`, { path: cgroup.path });
  return rephrase(cause, `${subject}: ${cause.message}`, {
    path: cgroup.path,
    reason: 'permission',
    hint: 'run it as root, or give it CAP_SYS_ADMIN and CAP_NET_ADMIN',
  });
}

function notAttached(cgroup: Cgroup, programId: number, attachType: string): BpfError {
  return new BpfError(`program ${programId} is not attached to cgroup ${cgroup.path} as ${attachType}`, {
    code: 'ENOENT',
    reason: 'input',
    path: cgroup.path,
    hint: 'attached() tells what is; programs of cgroups above are detached there',
  });
}

function byLink(cgroup: Cgroup, programId: number, linkId: number | undefined): BpfError {
  const which = linkId === undefined ? 'links' : `link ${linkId}`;
  return new BpfError(`program ${programId} is attached to cgroup ${cgroup.path} by ${which}`, {
    code: 'ERR_BPF_NOT_SUPPORTED',
    reason: 'input',
    path: cgroup.path,
    hint:
      linkId === undefined
        ? 'detach them one by one: Link.openById(id).detach()'
        : `Link.openById(${linkId}).detach() detaches it`,
  });
}
