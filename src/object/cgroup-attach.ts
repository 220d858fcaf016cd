import { BpfError } from '../errors.js';
import { type LinkHandle, native, type ProgramHandle } from '../native.js';
import type { AttachOptions } from './attach-options.js';
import { assertGuaranteed } from './cgroup-guarantee.js';
import { linkOnCgroup } from './cgroup-link.js';
import { cgroupPlace, isSpecial, PLACE_FLAGS } from './cgroup-place.js';
import { type CgroupTarget, pathOfCgroup, withCgroup } from './cgroup-target.js';
import { attachTypeNumber, hookOfProgram, type ProgramDetails } from './program-kind.js';

/** What is to be attached, and as what. */
interface Attachment {
  program: ProgramHandle;
  details: ProgramDetails;
  /** libbpf's name of the attach type. */
  attachType: string;
}

/**
 * Attaches a program to a cgroup by a link. What the kernel would take and is hardly meant is refused before: the same
 * program a second time, and an order on a kernel that would not look at it.
 */
export function attachToCgroup(
  attachment: Attachment,
  cgroup: string | CgroupTarget,
  options: AttachOptions,
): LinkHandle {
  const { program, attachType } = attachment;
  if (options.guaranteed) assertGuaranteed(program, attachment.details, options);
  return withCgroup(cgroup, (fd) => {
    const place = cgroupPlace(options, (anchor) => linkOnCgroup(anchor, attachType, fd, cgroup));
    if (isSpecial(place)) assertPlaceable(attachment, options);
    assertNotAttached(attachment, fd, cgroup);
    const { flags, relativeId, expectedRevision } = place;
    const number = attachTypeNumber(attachType);
    return native().attachCgroup(program, fd, number, flags, relativeId, expectedRevision);
  });
}

/**
 * A kernel without order refuses the flags, and does not even look at a revision that is expected. Asked with no cgroup,
 * it says before whether it knows them.
 */
function assertPlaceable({ program, details, attachType }: Attachment, options: AttachOptions): void {
  // kernel/bpf/cgroup.c __cgroup_bpf_query(): each hook has a list and a revision, and only the lists are told.
  if (attachType === 'lsm_cgroup' && options.expectedRevision !== undefined) {
    throw unplaceable(
      details,
      'the kernel tells no revision of the programs of LSM hooks',
      'leave expectedRevision out',
    );
  }
  const number = attachTypeNumber(attachType);
  const takes = (flags: number) => native().programTakesAttachType(program, number, flags);
  if (!takes(0) || takes(PLACE_FLAGS)) return;
  const asked = (['order', 'preorder', 'expectedRevision'] as const).filter((option) => options[option]);
  throw unplaceable(
    details,
    'this kernel knows no order of programs on a cgroup but that of time',
    `leave ${asked.join(' and ')} out, or use Linux 6.17 or newer (bpf-lsm features tells)`,
  );
}

function unplaceable(details: ProgramDetails, why: string, hint: string): BpfError {
  return new BpfError(`program "${details.name}" cannot be attached so: ${why}`, {
    code: 'ERR_BPF_NOT_SUPPORTED',
    reason: 'kernel',
    program: details.name,
    hook: hookOfProgram(details),
    hint,
  });
}

/**
 * By links the kernel takes a program as often as there is room, and runs it as often at each call. It tells what is
 * attached to those who have CAP_NET_ADMIN; without, this is not checked.
 */
function assertNotAttached(
  { program, details, attachType }: Attachment,
  fd: number,
  cgroup: string | CgroupTarget,
): void {
  const { id } = native().programInfo(program);
  if (!programsOn(fd, attachType).includes(id)) return;
  throw new BpfError(`program "${details.name}" is attached to cgroup ${pathOfCgroup(cgroup)} already`, {
    code: 'EEXIST',
    reason: 'input',
    program: details.name,
    hook: hookOfProgram(details),
    path: pathOfCgroup(cgroup),
    hint: 'close its link first, or load the object once more for a second attachment',
  });
}

/** How many programs a hook has on the cgroup itself, as far as it may be asked. */
export function programsOnHook(cgroup: string | CgroupTarget, program: ProgramHandle): number {
  const { attachBtfId } = native().programInfo(program);
  try {
    return withCgroup(cgroup, (fd) => programsOn(fd, 'lsm_cgroup')).filter(
      (id) => native().inventoryProgram(id)?.targetBtfId === attachBtfId,
    ).length;
  } catch (error) {
    if (error instanceof BpfError) return 0;
    throw error;
  }
}

/** The ids of those attached to the cgroup itself; none where that may not be asked, or cannot. */
function programsOn(fd: number, attachType: string): number[] {
  try {
    const found = native().cgroupPrograms(fd, attachTypeNumber(attachType), false);
    return found === null ? [] : [...found.programs].filter((_, index) => index % 2 === 0);
  } catch (error) {
    // What is wrong with the cgroup, attaching says better.
    if (error instanceof BpfError && error.errno !== undefined) return [];
    throw error;
  }
}
