// A machine that is there to be tested on: programs that deny for the whole machine may be attached to its own kernel.

import { existsSync, readFileSync } from 'node:fs';

/** Who makes such a machine writes into this file what it is: `vagrant`, `bare metal`. */
export const LAB_FILE = '/etc/bpf-lsm/lab';

/** What kind of laboratory this machine is; undefined for a machine that is none. */
export function laboratory() {
  if (!existsSync(LAB_FILE)) return undefined;
  return readFileSync(LAB_FILE, 'utf8').trim() || 'a laboratory';
}
