import { readFileSync } from 'node:fs';

/** Where something is mounted, as this process sees it, and the type of what is seen there: absolute paths. */
export function mountPoints(
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
): Map<string, string> {
  const lines = mountinfo.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      return [unescapePath(before.split(' ')[4] ?? '/'), after.split(' ')[0] ?? ''];
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
