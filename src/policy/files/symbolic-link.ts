import { realpathSync } from 'node:fs';
import { posix } from 'node:path';

/** include/linux/namei.h MAXSYMLINKS */
export const MOST_LINKS = 40;

/**
 * The path that a symbolic link leads to, with a name at its end.
 *
 * `..` in its midst is left to the kernel: it goes up from where a symbolic link before it leads to.
 *
 * @param directory - the link's
 * @param target - what it says
 */
export function targetPath(directory: string, target: string): string {
  const path = target.startsWith('/') ? target : `${directory}/${target}`;
  const bare = path.replace(/\/+$/, '') || '/';
  return /^\.{1,2}$/.test(posix.basename(bare)) ? (realPath(bare) ?? bare) : bare;
}

/** A path without symbolic links; undefined when there is no such file, or it cannot be come to. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
