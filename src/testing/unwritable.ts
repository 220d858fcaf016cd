import { tmpdir } from 'node:os';
import { VmError } from './errors.js';
import { cacheDirectory } from './paths.js';

/** Why a directory takes nothing more, and why it takes nothing from this user. */
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left there',
  EDQUOT: "this user's share of the disk is used up",
};
const CLOSED: Readonly<Record<string, string>> = {
  EROFS: 'it is on a file system that is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOTDIR: 'a part of that path is no directory',
};

/** What programs say when no space is left (dpkg-deb's tar, apt). */
const NO_SPACE = /No space left on device|enough free space/;

/** The kit's cache, or the system's directory for temporary files. */
export type Written = 'cache' | 'temporary';

interface Place {
  readonly path: () => string;
  /** The environment variable that names another. */
  readonly variable: string;
  readonly room: string;
}

const PLACES: Readonly<Record<Written, Place>> = {
  cache: {
    path: cacheDirectory,
    variable: 'BPF_LSM_CACHE',
    room: 'make room (a kernel takes 300 MB while it is fetched), or ',
  },
  temporary: { path: tmpdir, variable: 'TMPDIR', room: 'make room, or ' },
};

/** What to throw for an error that came while the kit wrote there: VmError 'UNWRITABLE' where that was the reason. */
export function whenWriting(where: Written, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  return code in FULL || code in CLOSED ? unwritable(where, code, error) : error;
}

/** The same by what a program printed that failed; undefined when it failed for another reason. */
export function whenProgramWrote(where: Written, printed: string): VmError | undefined {
  return NO_SPACE.test(printed) ? unwritable(where, 'ENOSPC') : undefined;
}

function unwritable(where: Written, code: string, cause?: unknown): VmError {
  const { path, variable, room } = PLACES[where];
  const why = FULL[code] ?? CLOSED[code];
  const advice = `${code in FULL ? room : ''}set ${variable} to another directory`;
  return new VmError('UNWRITABLE', `A guest needs ${path()}, but ${why}: ${advice}.`, { cause });
}
