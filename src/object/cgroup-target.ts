import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';

/** What attaching needs of a cgroup: a {@link Cgroup} has it. */
export interface CgroupTarget {
  /** The absolute path of its directory. */
  readonly path: string;
  /** Its id, the inode number of the directory. */
  readonly id: bigint;
  /** @internal */
  use<T>(work: (fd: number) => T): T;
}

/** Of a cgroup as a caller named it: its path, for messages. */
export function pathOfCgroup(cgroup: string | CgroupTarget): string {
  return typeof cgroup === 'string' ? cgroup : cgroup.path;
}

/**
 * Lends the directory of a cgroup as an open descriptor. A path is taken for what is there now; an object makes sure
 * that it is still the same cgroup.
 *
 * @throws BpfError `ERR_BPF_CGROUP_GONE` when it is gone, also while `work` runs; `ENOENT` and its like for a path
 */
export function withCgroup<T>(cgroup: string | CgroupTarget, work: (fd: number) => T): T {
  const lent = (fd: number): T => {
    try {
      return work(fd);
    } catch (cause) {
      throw isOfDeadCgroup(cause) && isRemoved(fd) ? gone(cgroup, cause) : cause;
    }
  };
  if (typeof cgroup === 'string') return withPath(cgroup, lent);
  if (typeof cgroup === 'object' && cgroup !== null && typeof cgroup.use === 'function')
    return cgroup.use(lent);
  throw new BpfError(`cgroup must be a path or a Cgroup, not ${describeValue(cgroup)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function withPath<T>(path: string, work: (fd: number) => T): T {
  const fd = openDirectory(path);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

function openDirectory(path: string): number {
  if (path.includes('\0')) {
    throw new BpfError('the path of a cgroup has no NUL characters', {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
    });
  }
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const { code = 'EIO', errno, syscall, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'EACCES' || code === 'EPERM' ? 'permission' : 'input';
    throw new BpfError(`cannot open the cgroup ${path}: ${message}`, {
      code,
      errno,
      syscall,
      path,
      reason,
      cause,
    });
  }
}

/**
 * As kernel/cgroup/cgroup.c cgroup_get_from_file() and css_tryget_online_from_dir() answer for one. What was looked for in
 * vain here has no errno.
 */
function isOfDeadCgroup(cause: unknown): cause is BpfError {
  if (!(cause instanceof BpfError) || cause.errno === undefined) return false;
  return cause.code === 'ENOENT' || cause.code === 'ENODEV';
}

/** Every cgroup of version 2 has this file as long as it is there. */
function isRemoved(fd: number): boolean {
  return !existsSync(`/proc/self/fd/${fd}/cgroup.procs`);
}

function gone(cgroup: string | CgroupTarget, cause: BpfError): BpfError {
  const id = typeof cgroup === 'string' ? '' : ` (id ${cgroup.id})`;
  const path = pathOfCgroup(cgroup);
  return new BpfError(`cgroup ${path}${id} has been removed`, {
    code: 'ERR_BPF_CGROUP_GONE',
    reason: 'input',
    path,
    cause,
  });
}
