import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** The login shells of those who are root. */
export function loginShells(): string[] {
  try {
    return shellsOfRoot(readFileSync('/etc/passwd', 'utf8'));
  } catch {
    return [];
  }
}

/** Those that /etc/passwd names for accounts with uid 0, without what turns away whoever logs in. */
export function shellsOfRoot(passwd: string): string[] {
  const shells = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , uid]) => uid === '0')
    .map(([, , , , , , shell = '']) => shell);
  return [...new Set(shells)].filter((shell) => !['', 'nologin', 'false'].includes(posix.basename(shell)));
}
