import type { TakingBack } from '../object/index.js';
import { type AttachedList, type AttachedProgram, attachedTo } from './attached.js';
import type { Cgroup } from './cgroup.js';
import { consulted } from './effective.js';
import { Survey } from './survey.js';

/**
 * Why what a program denies may not hold:
 *
 * - `override`: it was attached with BPF_F_ALLOW_OVERRIDE, so that one that is attached below takes its place;
 * - `overridden`: one below has: it is not asked for this cgroup;
 * - `preorder`: it runs before the programs of the cgroups below, which can take back what it denies;
 * - `takes-back`: it calls bpf_set_retval(0), which takes back what has been denied before it: by programs before it in
 *   this cgroup, by those of the cgroups below, and by those with preorder;
 * - `may-take-back`: it calls bpf_set_retval() with what its instructions do not show;
 * - `unknown`: whether it does may not be looked at.
 */
export type WeaknessKind =
  | 'override'
  | 'overridden'
  | 'preorder'
  | 'takes-back'
  | 'may-take-back'
  | 'unknown';

/** A program by which a denial of it, or of others, may not hold. */
export interface Weakness {
  kind: WeaknessKind;
  /** The cgroup that was asked about. */
  cgroup: Cgroup;
  attachType: string;
  hook?: string;
  programId: number;
  programName?: string;
  /** The cgroup the program is attached to; absent when that is above all that this process sees. */
  owner?: Cgroup;
  /** The same in a sentence. */
  message: string;
}

// Where the kernel has no bpf_set_retval() (kernel/bpf/cgroup.c cgroup_common_func_proto()).
const WITHOUT_RETVAL =
  /^cgroup_(inet_(in|e)gress|sock_ops|(udp4|udp6|unix)_recvmsg|(inet4|inet6|unix)_get(peer|sock)name)$/;

const BY_TAKING_BACK: Readonly<Record<TakingBack, WeaknessKind | undefined>> = {
  never: undefined,
  calls: 'takes-back',
  may: 'may-take-back',
  unknown: 'unknown',
};

const SAYS: Readonly<Record<WeaknessKind, string>> = {
  override: 'was attached so that a program below takes its place (BPF_F_ALLOW_OVERRIDE)',
  overridden: 'is not asked: a program below has taken its place (BPF_F_ALLOW_OVERRIDE)',
  preorder: 'runs before those of the cgroups below, which can take back what it denies (BPF_F_PREORDER)',
  'takes-back': 'takes back what was denied before it, by bpf_set_retval(0)',
  'may-take-back':
    'may take back what was denied before it: it passes to bpf_set_retval() what cannot be seen',
  unknown: 'may take back what was denied before it: its instructions may not be looked at',
};

/** See {@link Cgroup.weaknesses}. */
export function weaknessesOf(cgroup: Cgroup, survey: Survey = new Survey()): Weakness[] {
  const running = attachedTo(cgroup, { effective: true }, survey);
  const present = running.flatMap((list) =>
    list.programs.flatMap((program) =>
      kindsOf(program, list, survey).map((kind) => weakness(kind, cgroup, list, program)),
    ),
  );
  return [...present, ...running.flatMap((list) => overridden(cgroup, list, survey))];
}

function kindsOf(
  { programId, flags }: AttachedProgram,
  { attachType }: AttachedList,
  survey: Survey,
): WeaknessKind[] {
  const taking = WITHOUT_RETVAL.test(attachType) ? 'never' : survey.takingBack(programId);
  return [
    ...(['override', 'preorder'] as const).filter((flag) => flags.includes(flag)),
    ...[BY_TAKING_BACK[taking]].filter((kind) => kind !== undefined),
  ];
}

/** The programs above that would run if nothing were attached below them. */
function overridden(cgroup: Cgroup, { attachType, hook }: AttachedList, survey: Survey): Weakness[] {
  const levels = survey.levels(cgroup, attachType, hook);
  const asked = consulted(levels);
  return levels
    .filter((level) => !asked.includes(level))
    .flatMap(({ cgroup: owner, programs }) =>
      programs.map(({ programId }) => {
        const programName = survey.nameOf(programId);
        const program = { programId, owner, ...(programName !== undefined && { programName }) };
        return weakness('overridden', cgroup, { attachType, ...(hook !== undefined && { hook }) }, program);
      }),
    );
}

function weakness(
  kind: WeaknessKind,
  cgroup: Cgroup,
  { attachType, hook }: Pick<AttachedList, 'attachType' | 'hook'>,
  { programId, programName, owner }: Pick<AttachedProgram, 'programId' | 'programName' | 'owner'>,
): Weakness {
  const subject = `program ${programId}${programName ? ` "${programName}"` : ''}`;
  const where = `${hook ?? attachType}${owner ? ` at ${owner.path}` : ' above all that is seen here'}`;
  return {
    kind,
    cgroup,
    attachType,
    ...(hook !== undefined && { hook }),
    programId,
    ...(programName !== undefined && { programName }),
    ...(owner && { owner }),
    message: `${subject} on ${where} ${SAYS[kind]}`,
  };
}
