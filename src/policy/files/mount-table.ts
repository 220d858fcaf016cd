import { readFileSync } from 'node:fs';

/** A mount, as /proc/self/mountinfo has it. */
export interface MountEntry {
  /** Where it is, seen from here. */
  readonly point: string;
  /** What of the file system it shows: `/`, or the directory of a bind mount. */
  readonly root: string;
  /** The device as the kernel numbers it: `major:minor`. */
  readonly device: string;
  readonly type: string;
}

/** The mounts of this process's mount namespace, in the order in which they were made. */
export function mountTable(text: string = readFileSync('/proc/self/mountinfo', 'utf8')): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , device = '', root = '', point = ''] = before.split(' ');
      return { point: unescaped(point), root: unescaped(root), device, type: after.split(' ')[0] ?? '' };
    });
}

/** Of several mounts on one place, the one that is seen. */
export function mountAt(mounts: readonly MountEntry[], path: string): MountEntry | undefined {
  return mounts.findLast(({ point }) => point === path);
}

/** The mount that a path without symbolic links is on. */
export function mountOf(mounts: readonly MountEntry[], path: string): MountEntry | undefined {
  const above = mounts.filter(
    ({ point }) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`),
  );
  return above.reduce<MountEntry | undefined>(
    (best, mount) => (best === undefined || mount.point.length >= best.point.length ? mount : best),
    undefined,
  );
}

// fs/proc_namespace.c: blanks and backslashes are octal.
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
