import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { BpfError } from '../errors.js';

/** Where a cgroup v2 hierarchy is mounted, and which of its cgroups is seen there as the top. */
export interface Hierarchy {
  /** The directory, such as `/sys/fs/cgroup`, or `/sys/fs/cgroup/unified` on a hybrid host. */
  mountPoint: string;
  /** The cgroup at the mount point, as this process's cgroup namespace names it; `/` but in odd containers. */
  root: string;
}

const MOUNTS = '/proc/self/mountinfo';

/**
 * The cgroup v2 hierarchy of this machine, of which there is one; the mount that shows most of it.
 *
 * @throws BpfError `ERR_BPF_NO_CGROUP2` where none is mounted, as on a host with cgroup v1 only
 */
export function hierarchy(): Hierarchy {
  const [first] = hierarchiesIn(readFileSync(MOUNTS, 'utf8'));
  if (first) return first;
  throw new BpfError(
    'no cgroup v2 hierarchy is mounted on this machine: BPF programs attach to cgroup v2 only',
    {
      code: 'ERR_BPF_NO_CGROUP2',
      reason: 'kernel',
      hint: 'mount it beside v1 with: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified',
    },
  );
}

/** Those in the text of a mountinfo file (Documentation/filesystems/proc.rst 3.5), the one that shows most first. */
export function hierarchiesIn(mountinfo: string): Hierarchy[] {
  const found = mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2')
    .map(([, , , root = '/', mountPoint = '']) => ({
      mountPoint: unescapeOctal(mountPoint),
      root: unescapeOctal(root),
    }));
  return found.sort((a, b) => a.root.length - b.root.length);
}

/**
 * The directory of a cgroup that is named as in /proc/PID/cgroup; undefined when it is above what is mounted here.
 */
export function directoryOf({ mountPoint, root }: Hierarchy, name: string): string | undefined {
  // Compared as text: seen from a cgroup namespace, those outside of it are called `/..` and so on.
  const top = root === '/' ? '' : root;
  if (name !== root && !name.startsWith(`${top}/`)) return undefined;
  const below = name.slice(top.length).replace(/^\/+/, '');
  return below === '..' || below.startsWith('../') ? undefined : posix.join(mountPoint, below);
}

// seq_path(): space, tab, newline and backslash are three octal digits.
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
