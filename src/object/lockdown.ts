import { readFileSync } from 'node:fs';

/** What the kernel keeps even root from: nothing, changing it, or reading it too. */
export type LockdownState = 'none' | 'integrity' | 'confidentiality';

/** The lockdown mode in force; undefined when securityfs is not mounted or the lockdown LSM is not active. */
export function lockdownState(): LockdownState | undefined {
  try {
    const modes = readFileSync('/sys/kernel/security/lockdown', 'utf8');
    return /\[(none|integrity|confidentiality)\]/.exec(modes)?.[1] as LockdownState | undefined;
  } catch {
    return undefined;
  }
}
