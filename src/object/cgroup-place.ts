import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError } from '../errors.js';
import type { AttachOptions } from './attach-options.js';
import type { Link } from './link.js';
import type { BpfProgram } from './program.js';

/** Whose attachment another is to stand beside. */
export type CgroupAnchor = Link | BpfProgram | { linkId: number };

/**
 * Where a program goes among those of the same attach type, and for `lsm_cgroup/` programs of the same hook, on the
 * same cgroup: they run in this order. Last, unless told.
 */
export type AttachOrder = 'first' | 'last' | { before: CgroupAnchor } | { after: CgroupAnchor };

/** Where a program goes, in the kernel's words. */
export interface CgroupPlace {
  /** BPF_F_BEFORE, BPF_F_AFTER, BPF_F_PREORDER, BPF_F_LINK, BPF_F_ID */
  flags: number;
  /** The id of a link; 0 for none. */
  relativeId: number;
  /** 0n for whatever revision. */
  expectedRevision: bigint;
}

// include/uapi/linux/bpf.h
const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;
const BPF_F_ID = 1 << 5;
const BPF_F_PREORDER = 1 << 6;
const BPF_F_LINK = 1 << 13;

/** All that a kernel must know to have any of this: they came together, with Linux 6.17. */
export const PLACE_FLAGS: number = BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_PREORDER | BPF_F_LINK;

/**
 * The only place where these flags are made.
 *
 * @param linkOf - the id of the link by which a program is attached there
 * @throws BpfError `ERR_BPF_ARGUMENT`
 */
export function cgroupPlace(
  { order = 'last', preorder = false, expectedRevision }: AttachOptions,
  linkOf: (program: BpfProgram) => number,
): CgroupPlace {
  assertRevision(expectedRevision);
  if (typeof preorder !== 'boolean') throw noBoolean(preorder);
  const { flags, relativeId } = position(order, linkOf);
  return {
    flags: flags | (preorder ? BPF_F_PREORDER : 0),
    relativeId,
    expectedRevision: expectedRevision ?? 0n,
  };
}

/** Whether a place is more than "last", which every kernel has. */
export function isSpecial({ flags, expectedRevision }: CgroupPlace): boolean {
  return flags !== 0 || expectedRevision !== 0n;
}

function position(
  order: AttachOrder,
  linkOf: (program: BpfProgram) => number,
): Pick<CgroupPlace, 'flags' | 'relativeId'> {
  // Without an anchor, what is attached goes to the end (kernel/bpf/cgroup.c insert_pl_to_hlist()).
  if (order === 'last') return { flags: 0, relativeId: 0 };
  if (order === 'first') return { flags: BPF_F_BEFORE, relativeId: 0 };
  if (typeof order !== 'object' || order === null) throw noOrder(order);
  const { before, after, ...rest } = order as { before?: CgroupAnchor; after?: CgroupAnchor };
  const anchor = before ?? after;
  if (anchor === undefined || (before && after) || Object.keys(rest).length > 0) throw noOrder(order);
  const side = before === undefined ? BPF_F_AFTER : BPF_F_BEFORE;
  // A link stands beside links only (get_prog_list()); by its id, for which no capability is asked.
  return { flags: side | BPF_F_LINK | BPF_F_ID, relativeId: linkIdOf(anchor, linkOf) };
}

function linkIdOf(anchor: CgroupAnchor, linkOf: (program: BpfProgram) => number): number {
  assertOptions(anchor, 'order');
  if ('attach' in anchor) return linkOf(anchor);
  const id = 'linkId' in anchor ? anchor.linkId : anchor.id;
  if (Number.isInteger(id) && id > 0 && id < 2 ** 32) return id;
  throw new BpfError(`order names no link and no program: ${describeValue(id)} is no id`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function assertRevision(revision: bigint | undefined): void {
  if (revision === undefined) return;
  if (typeof revision === 'bigint' && revision > 0n && revision < 2n ** 64n) return;
  throw new BpfError(`expectedRevision must be a revision that was told, not ${describeValue(revision)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: 'pass the revision of what cgroup.attached() gives',
  });
}

function noBoolean(preorder: unknown): BpfError {
  return new BpfError(`preorder must be true or false, not ${describeValue(preorder)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function noOrder(order: unknown): BpfError {
  return new BpfError(`${describeValue(order)} is no order`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: "use 'first', 'last', { before } or { after } with a link, a program or { linkId }",
  });
}
