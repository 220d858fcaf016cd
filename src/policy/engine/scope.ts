import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { Cgroup } from '../../cgroup/index.js';
import { BpfError } from '../../errors.js';
import type { Scope } from '../model/index.js';

/** Whom a policy governs, as the engine knows them. */
export type ResolvedScope =
  | { readonly kind: 'host' }
  /** `level`: how many cgroups are above it. */
  | { readonly kind: 'cgroup'; readonly id: bigint; readonly level: number }
  | { readonly kind: 'domain'; readonly id: bigint };

// The levels that fit into a word of the engine's.
const MOST_LEVELS = 31;

// include/linux/proc_ns.h PROC_CGROUP_INIT_INO
const INITIAL_CGROUP_NAMESPACE = 'cgroup:[4026531835]';

/**
 * @throws BpfError `ENOENT` and its like for a cgroup that is not there; `ERR_BPF_POLICY_LIMIT` for one that is too deep;
 *   `ERR_BPF_POLICY_UNSUPPORTED` in a cgroup namespace, which hides how deep a cgroup is
 */
export function resolveScope(scope: Scope): ResolvedScope {
  switch (scope.kind) {
    case 'host':
      return { kind: 'host' };
    case 'domain':
      return { kind: 'domain', id: domainId(scope.name) };
    case 'cgroup':
      return resolveCgroup(scope.path);
  }
}

/** The number of a domain: of its name alone, so that it is the same for all generations. */
export function domainId(name: string): bigint {
  return createHash('sha256').update(`bpf-lsm domain ${name}`).digest().readBigUInt64LE();
}

function resolveCgroup(path: string): ResolvedScope {
  const { id } = Cgroup.open(posix.join(Cgroup.root().path, path));
  if (readlinkSync('/proc/self/ns/cgroup') !== INITIAL_CGROUP_NAMESPACE) {
    throw new BpfError(`the level of cgroup ${path} cannot be told within a cgroup namespace`, {
      code: 'ERR_BPF_POLICY_UNSUPPORTED',
      reason: 'kernel',
      path,
      hint: 'apply policies from the initial cgroup namespace',
    });
  }
  const level = path.split('/').filter((name) => name !== '').length;
  if (level <= MOST_LEVELS) return { kind: 'cgroup', id, level };
  throw new BpfError(
    `cgroup ${path} is ${level} levels below the root, and the engine takes ${MOST_LEVELS}`,
    {
      code: 'ERR_BPF_POLICY_LIMIT',
      reason: 'input',
      path,
    },
  );
}
