import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the kit keeps what it may fetch or make again: kernels, apt's lists, the answer whether KVM works. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return env.BPF_LSM_CACHE || join(base, 'bpf-lsm');
}
