import { readdirSync, readlinkSync } from 'node:fs';

/** What this process's file descriptors are open on; those that vanish while looking are left out. */
export function openFiles(pid: number | 'self' = 'self'): string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((fd) => {
    try {
      return [readlinkSync(`${directory}/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Those of them that are BPF objects. */
export function bpfFiles(pid: number | 'self' = 'self'): string[] {
  return openFiles(pid).filter((target) => /^anon_inode:(bpf|btf)/.test(target));
}
