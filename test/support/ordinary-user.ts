import { spawnSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The user and group id of nobody. */
export const NOBODY = 65534;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The words that start a command as an ordinary user, with no capabilities but these (`bpf`, `net_admin`). Below the
 * home of root, say, such a user cannot reach the repository: inside a guest, where the files of the host lie under a
 * layer that goes with the guest, the way is opened.
 */
export function asOrdinaryUser(...capabilities: string[]): string[] {
  if (process.env.BPF_LSM_KERNEL) openTheWay();
  const kept = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return ['setpriv', ...user, `--inh-caps=${kept}`, `--ambient-caps=${kept}`];
}

/** Why an ordinary user cannot run what is in the repository; undefined when it can. */
export function noWayForOrdinaryUser(): string | undefined {
  const [program = '', ...args] = asOrdinaryUser();
  const { status } = spawnSync(program, [...args, 'ls', ROOT], { stdio: 'ignore' });
  return status === 0 ? undefined : `an ordinary user cannot enter ${ROOT}, or this user cannot become one`;
}

function openTheWay(): void {
  for (let directory = ROOT; directory !== '/'; directory = dirname(directory)) {
    const { mode } = statSync(directory);
    if ((mode & 0o005) !== 0o005) chmodSync(directory, (mode & 0o7777) | 0o005);
  }
}
