import type { Operation, Policy } from '../model/index.js';
import { concluded, type DecidedBy, type Decision, judge, type PolicyVerdict } from './decide.js';
import type { ActedFile, Anchors } from './files.js';
import { governs, type Subject } from './subject.js';

/** A file that gets another name. */
export interface Move {
  readonly operation: 'link' | 'rename';
  readonly from: ActedFile;
  /** The new place: with what is there now, if something is. */
  readonly to: ActedFile;
}

/** What nobody may win by giving a file another name: STEP of bpf/engine/moves.bpf.c. */
export const PROTECTED: readonly Operation[] = [
  'read',
  'write',
  'append',
  'remove',
  'rename',
  'truncate',
  'exec',
  'map-exec',
  'chmod',
  'chown',
  'xattr',
  'acl',
  'ioctl',
  'exec-interpreter',
  'link',
  'mount-on',
];

/**
 * What policies say of a link or a rename; of an exchange, each direction is one.
 *
 * The operation is judged at both places, a rename also as the removal of the old name and of what it replaces, and both
 * as the creation of the new name. And a policy that denies something under the old name has to deny it under the new one,
 * else the new name would be the way around what protects a directory.
 */
export function decideMove(
  policies: readonly Policy[],
  subject: Subject,
  move: Move,
  anchors: Anchors,
): Decision {
  return concluded(
    policies
      .filter((policy) => governs(policy, subject, anchors))
      .map((policy) => judgeMove(policy, move, anchors)),
  );
}

function judgeMove(policy: Policy, { operation, from, to }: Move, anchors: Anchors): PolicyVerdict {
  const place: ActedFile = { ...to, steps: withInode(to, null), attributes: null };
  const moved: ActedFile = {
    ...to,
    steps: withInode(to, from.steps[0]?.inode ?? null),
    attributes: from.attributes,
  };
  const judged: [Operation, ActedFile][] =
    operation === 'link'
      ? [
          ['link', from],
          ['link', place],
          ['create', place],
        ]
      : [
          ['rename', from],
          ['remove', from],
          ['rename', to],
          ['create', place],
          ...(to.attributes ? ([['remove', to]] as [Operation, ActedFile][]) : []),
        ];
  const verdicts = judged.map(([one, acted]) => judge(policy, one, [acted], anchors));
  const denial = verdicts.find(({ effect }) => effect === 'deny');
  if (denial) return denial;
  const lost = PROTECTED.find(
    (one) =>
      judge(policy, one, [from], anchors).effect === 'deny' &&
      judge(policy, one, [moved], anchors).effect === 'allow',
  );
  const by: DecidedBy | undefined = lost && { kind: 'protection', operation: lost };
  return by ? { policy, effect: 'deny', by } : (verdicts[0] as PolicyVerdict);
}

function withInode({ steps }: ActedFile, inode: string | null): ActedFile['steps'] {
  return steps.map((step, index) => (index === 0 ? { ...step, inode } : step));
}
