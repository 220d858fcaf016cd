import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs';
import { describeValue } from '../btf/index.js';
import { BpfError, type BpfErrorFields } from '../errors.js';

// include/uapi/linux/magic.h
const CGROUP2_SUPER_MAGIC = 0x63677270;
const CGROUP_SUPER_MAGIC = 0x27e0eb;

/**
 * Lends the directory of a cgroup as an open descriptor, for as long as `use` runs, together with the cgroup's id: what
 * is done through it is done to this cgroup, whatever becomes of its name.
 *
 * @throws BpfError `ENOENT` and its like; `ERR_BPF_NOT_CGROUP` for a directory elsewhere, or in cgroup v1
 */
export function withDirectory<T>(path: string, use: (fd: number, id: bigint) => T): T {
  const fd = openDirectory(path);
  try {
    assertCgroup2(path, fd);
    return use(fd, idOf(fd));
  } finally {
    closeSync(fd);
  }
}

/** A file of the cgroup that is open as `fd`. */
export function fileIn(fd: number, file: string): string {
  return `/proc/self/fd/${fd}/${file}`;
}

// The inode number of a cgroup's directory is its kernfs id where inode numbers have 64 bits (fs/kernfs/dir.c
// kernfs_id_ino()): what bpf_get_current_cgroup_id() gives.
function idOf(fd: number): bigint {
  return fstatSync(fd, { bigint: true }).ino;
}

function openDirectory(path: string): number {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    throw new BpfError(
      `a cgroup is named by the absolute path of its directory, not by ${describeValue(path)}`,
      {
        code: 'ERR_BPF_ARGUMENT',
        reason: 'input',
        hint: 'use a path such as /sys/fs/cgroup/system.slice',
      },
    );
  }
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw systemError('open the cgroup', path, cause);
  }
}

function assertCgroup2(path: string, fd: number): void {
  // statfs's f_type is a signed long on some architectures.
  const type = statfsSync(`/proc/self/fd/${fd}`).type >>> 0;
  if (type === CGROUP2_SUPER_MAGIC) return;
  const fields = { code: 'ERR_BPF_NOT_CGROUP', reason: 'input', path } as const;
  if (type !== CGROUP_SUPER_MAGIC)
    throw new BpfError(`${path} is no cgroup, but a directory elsewhere`, fields);
  throw new BpfError(`${path} is a cgroup of version 1, to which BPF programs cannot be attached`, {
    ...fields,
    hint: 'use the cgroup v2 hierarchy, which is often mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified',
  });
}

/** What Node threw at a file operation on a cgroup, in this library's words. */
export function systemError(
  what: string,
  path: string,
  cause: unknown,
  more: Partial<BpfErrorFields> = {},
): BpfError {
  const { code = 'EIO', errno, syscall, message } = cause as NodeJS.ErrnoException;
  return new BpfError(`cannot ${what} ${path}: ${message}`, { code, errno, syscall, path, cause, ...more });
}
