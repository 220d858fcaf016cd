import { describeValue } from '../btf/index.js';
import { assertOptions, BpfError, rephrase } from '../errors.js';
import type { Cgroup } from './cgroup.js';
import { effectiveOrder } from './effective.js';
import { groupBy } from './group.js';
import { Survey } from './survey.js';

/**
 * How a program was attached: `override` (BPF_F_ALLOW_OVERRIDE: one that is attached below takes its place), `multi`
 * (BPF_F_ALLOW_MULTI: it runs with others; so do all that links attach), `preorder` (BPF_F_PREORDER; the kernel does not
 * tell it, so that it is known only where it makes a difference). Without any: no other may be attached, here or below.
 */
export type AttachFlag = 'override' | 'multi' | 'preorder';

/** A program that is attached to a cgroup. */
export interface AttachedProgram {
  /** Its id, as `bpftool prog` shows it. */
  programId: number;
  /** Its name, cut to 15 characters by the kernel; absent when it may not be looked at, or is gone by now. */
  programName?: string;
  /** Its place in the order in which they run, from 0 on. */
  position: number;
  /** By a link, or by the older call of BPF_PROG_ATTACH; `unknown` without CAP_SYS_ADMIN. */
  attachedBy: 'link' | 'call' | 'unknown';
  /** The id of the link; absent for none, and when several links attach this very program here. */
  linkId?: number;
  flags: AttachFlag[];
  /** The cgroup it is attached to; absent when that is above all that this process sees. */
  owner?: Cgroup;
}

/** The programs of one attach type, and for `lsm_cgroup` of one hook, in the order in which they run. */
export interface AttachedList {
  cgroup: Cgroup;
  /** libbpf's name of the attach type, such as `cgroup_inet4_bind`. */
  attachType: string;
  /** The LSM hook of an `lsm_cgroup` list; absent for others, and where its programs may not be looked at. */
  hook?: string;
  /** How often the list has changed, from 1 on, for `expectedRevision`; absent where the kernel does not tell. */
  revision?: bigint;
  programs: AttachedProgram[];
}

/** What to list. */
export interface AttachedOptions {
  /** What runs for the cgroup: its own programs, and those of the cgroups above. Default false: its own. */
  effective?: boolean;
  /** Only of this attach type, by libbpf's name; its list is given also when it is empty. */
  attachType?: string;
  /** Only of this LSM hook, such as `socket_bind`. */
  hook?: string;
}

/** See {@link Cgroup.attached}. */
export function attachedTo(
  cgroup: Cgroup,
  options: AttachedOptions = {},
  survey: Survey = new Survey(),
): AttachedList[] {
  return explained(cgroup, () => listsOf(cgroup, checked(options), survey));
}

function checked(options: AttachedOptions): AttachedOptions {
  assertOptions(options, 'attached()');
  const { attachType, hook } = options;
  for (const word of [attachType, hook]) {
    if (word !== undefined && typeof word !== 'string') throw noWord(word);
  }
  if (hook === undefined || attachType === undefined || attachType === 'lsm_cgroup') return options;
  throw new BpfError(`attach type ${attachType} has no LSM hooks`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
    hint: 'leave attachType out, or pass lsm_cgroup',
  });
}

function listsOf(cgroup: Cgroup, options: AttachedOptions, survey: Survey): AttachedList[] {
  const { effective = false, attachType, hook } = options;
  const only = hook === undefined ? attachType : 'lsm_cgroup';
  const lists = (only === undefined ? survey.attachTypes() : [only]).flatMap((type) => {
    const found = survey.query(cgroup, type, effective);
    if (found !== null) return split(cgroup, type, found, effective, survey);
    if (only === undefined) return [];
    throw new BpfError(`this kernel has no attach type ${describeValue(type)} for cgroups`, {
      code: 'ERR_BPF_NOT_SUPPORTED',
      reason: 'kernel',
    });
  });
  if (hook !== undefined) return lists.filter((list) => list.hook === hook);
  return attachType === undefined ? lists.filter(({ programs }) => programs.length > 0) : lists;
}

/** The lists of one attach type: one, or for LSM hooks one for each that has programs. */
function split(
  cgroup: Cgroup,
  attachType: string,
  found: { ids: readonly number[]; revision: bigint },
  effective: boolean,
  survey: Survey,
): AttachedList[] {
  const of = (ids: readonly number[], hook?: string): AttachedList => ({
    cgroup,
    attachType,
    ...(hook !== undefined && { hook }),
    ...(!effective && found.revision > 0n && { revision: found.revision }),
    programs: programsOf(cgroup, attachType, hook, ids, effective, survey),
  });
  if (attachType !== 'lsm_cgroup') return [of(found.ids)];
  const byHook = groupBy(found.ids, (id) => survey.hookOf(id));
  return [...byHook].map(([hook, ids]) => of(ids, hook));
}

function programsOf(
  cgroup: Cgroup,
  attachType: string,
  hook: string | undefined,
  ids: readonly number[],
  effective: boolean,
  survey: Survey,
): AttachedProgram[] {
  if (ids.length === 0) return [];
  // The own list does not tell who runs early: the effective one shows it.
  const levels = survey.levels(cgroup, attachType, hook);
  const running = effective ? ids : survey.idsOf(cgroup, attachType, hook, true);
  const ordered = effectiveOrder(levels, running);
  const shown = effective ? ordered : ordered.filter(({ owner }) => owner === cgroup);
  return shown.map(({ programId, flags, owner }, position) => {
    const programName = survey.nameOf(programId);
    return {
      programId,
      ...(programName !== undefined && { programName }),
      position,
      ...(owner === undefined
        ? { attachedBy: 'unknown' as const }
        : survey.attachment(owner, attachType, hook, programId)),
      flags,
      ...(owner !== undefined && { owner }),
    };
  });
}

/** The failure of a query, with what it takes. */
function explained<T>(cgroup: Cgroup, ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    if (!(cause instanceof BpfError) || cause.code !== 'EPERM') throw cause;
    throw rephrase(cause, `cannot tell what is attached to cgroup ${cgroup.path}: ${cause.message}`, {
      reason: 'permission',
      path: cgroup.path,
      hint: 'run it as root, or give it CAP_NET_ADMIN',
    });
  }
}

function noWord(word: unknown): BpfError {
  return new BpfError(`an attach type or hook is a word, not ${describeValue(word)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}
