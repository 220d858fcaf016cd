import { readFileSync } from 'node:fs';

/** What is seen at a mount point. */
export interface MountPoint {
  /** The type of the file system. */
  readonly type: string;
  /** Whether it is all of the file system, from its root: otherwise there may be another way to it, up to that. */
  readonly whole: boolean;
}

/** Where something is mounted, as this process sees it: absolute paths. */
export function mountPoints(
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): Map<string, MountPoint> {
  const lines = mountinfo.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , root, path = '/'] = before.split(' ');
      return [unescapePath(path), { type: after.split(' ')[0] ?? '', whole: root === '/' }];
    }),
  );
}

/** Whether a path is below a directory. */
export function isBeneath(path: string, directory: string): boolean {
  return directory === '/' ? path !== '/' : path.startsWith(`${directory}/`);
}

// fs/proc_namespace.c mangle(): blanks and backslashes are in octal.
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
