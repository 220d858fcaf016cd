import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWithin } from './mounts.js';

const PREFIX = 'bpf-lsm-vm-';

/** In the sandbox /run is empty. */
const PARENT = isWithin(tmpdir(), '/run') ? '/tmp' : tmpdir();

const OWNER = 'owner';

/**
 * A directory for one guest's sockets and mount points, in the system's directory for temporary files (a socket's
 * path has at most 107 bytes). Directories of runs that were killed are removed first.
 */
export function makeWorkDirectory(): string {
  removeOrphans();
  const dir = mkdtempSync(join(PARENT, PREFIX));
  writeFileSync(join(dir, OWNER), identity(process.pid));
  mkdirSync(join(dir, 'root'));
  return dir;
}

/** Removes it. Never recursive: a mount point that still shows something else must not be emptied. */
export function removeWorkDirectory(dir: string): void {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) rmdirSync(path);
      else unlinkSync(path);
    }
    rmdirSync(dir);
  } catch {
    // In use or not ours: the next run tries again.
  }
}

function removeOrphans(): void {
  for (const name of readdirSync(PARENT)) {
    if (!name.startsWith(PREFIX)) continue;
    const dir = join(PARENT, name);
    try {
      if (isOrphan(dir)) removeWorkDirectory(dir);
    } catch {
      // gone meanwhile, or another user's
    }
  }
}

/** Its maker is known by process namespace, id and start time; one from another namespace is judged by age. */
function isOrphan(dir: string): boolean {
  if (statSync(dir).uid !== process.getuid?.()) return false;
  const owner = readFileSync(join(dir, OWNER), 'utf8');
  const [namespace = '', pid = ''] = owner.split(' ');
  if (namespace !== identity(process.pid).split(' ')[0]) {
    return Date.now() - statSync(dir).mtimeMs > 24 * 60 * 60 * 1000;
  }
  try {
    return identity(Number(pid)) !== owner;
  } catch {
    return true;
  }
}

/** `<process namespace> <pid> <start time>`; throws when there is no such process. */
function identity(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${readlinkSync('/proc/self/ns/pid')} ${pid} ${start}`;
}
