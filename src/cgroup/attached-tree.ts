import { assertOptions, BpfError } from '../errors.js';
import { type AttachedList, type AttachedOptions, attachedTo } from './attached.js';
import type { Cgroup } from './cgroup.js';
import { Survey } from './survey.js';
import { type Weakness, weaknessesOf } from './weaknesses.js';

/** What to list of each cgroup. */
export interface AttachedTreeOptions extends AttachedOptions {
  /** Also why what is denied for it may not hold, as {@link Cgroup.weaknesses} gives it. Default false. */
  weaknesses?: boolean;
}

/** A cgroup with what is attached to it, and those below it. */
export interface AttachedTree {
  cgroup: Cgroup;
  lists: AttachedList[];
  /** If they were asked for. */
  weaknesses?: Weakness[];
  children: AttachedTree[];
}

/** See {@link Cgroup.attachedTree}. */
export function attachedBelow(cgroup: Cgroup, options: AttachedTreeOptions = {}): AttachedTree {
  assertOptions(options, 'attachedTree()');
  const { weaknesses = false, ...listed } = options;
  const survey = new Survey();
  const branch = (each: Cgroup): AttachedTree => ({
    cgroup: each,
    lists: attachedTo(each, listed, survey),
    ...(weaknesses && { weaknesses: weaknessesOf(each, survey) }),
    children: each.children().flatMap(branchUnlessGone),
  });
  // One that is removed meanwhile is not there.
  const branchUnlessGone = (each: Cgroup): AttachedTree[] => {
    try {
      return [branch(each)];
    } catch (error) {
      if (error instanceof BpfError && error.code === 'ERR_BPF_CGROUP_GONE') return [];
      throw error;
    }
  };
  return branch(cgroup);
}
