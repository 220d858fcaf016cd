import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The CPUs that run, as `/sys/devices/system/cpu/online` lists them. */
export function onlineCpus(): number[] {
  const list = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Has this thread run on some CPUs alone, from now on. */
export function runOn(...cpus: readonly number[]): void {
  execFileSync('taskset', ['-cp', cpus.join(','), String(process.pid)], { stdio: 'pipe' });
}
