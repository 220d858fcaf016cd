import { readFileSync } from 'node:fs';

/** A mount as this process sees it. */
export interface Mount {
  /** The file system's device number, as major:minor. */
  device: string;
  /** Where in the file system the mount begins. */
  root: string;
  path: string;
  fileSystem: string;
}

/** The mounts of this process's mount namespace, in the order in which they were made. */
export function mounts(): Mount[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** fs/proc_namespace.c show_mountinfo(): id parent major:minor root path options ... - type source options */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device, root, path] = left.split(' ');
    const [fileSystem] = right.split(' ');
    return device && root && path && fileSystem
      ? [{ device, root: withoutEscapes(root), path: withoutEscapes(path), fileSystem }]
      : [];
  });
}

/** Blanks, tabs, line feeds and backslashes of a path are written in octal. */
function withoutEscapes(path: string): string {
  if (!path.includes('\\')) return path;
  const bytes = Buffer.from(path).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(plain, 'latin1').toString();
}
