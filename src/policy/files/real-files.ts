import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { ActedFile, Anchor, Entry, Step } from '../evaluate/index.js';
import type { Files, FoundFile } from './files.js';
import { type MountEntry, mountAt, mountOf, mountTable } from './mount-table.js';
import { MOST_LINKS, realPath, targetPath } from './symbolic-link.js';

/** The files of this machine, as this process sees them at the time of each call; mounts as they are now. */
export function realFiles(mounts: readonly MountEntry[] = mountTable()): Files {
  return new RealFiles(mounts);
}

class RealFiles implements Files {
  readonly #mounts: readonly MountEntry[];

  constructor(mounts: readonly MountEntry[]) {
    this.#mounts = mounts;
  }

  anchor = (path: string): Anchor | null => {
    const inodes: string[] = [];
    const entries: Entry[] = [];
    let at = path;
    for (let links = 0; links < MOST_LINKS; links++) {
      const directory = realPath(posix.dirname(at));
      if (directory === undefined) break;
      const spot = posix.join(directory, posix.basename(at));
      if (spot !== '/') entries.push({ directory: this.#identity(directory), name: posix.basename(at) });
      const stats = statOf(spot);
      if (!stats) break;
      inodes.push(identityOf(stats));
      if (!stats.isSymbolicLink()) break;
      at = targetPath(directory, readlinkSync(spot));
    }
    return inodes.length + entries.length > 0 ? { inodes, entries } : null;
  };

  file(path: string): ActedFile | null {
    const real = realPath(path);
    const directory = realPath(posix.dirname(path));
    const place = real ?? (directory === undefined ? undefined : posix.join(directory, posix.basename(path)));
    if (place === undefined) return null;
    const stats = statOf(place);
    return {
      kind: 'file',
      steps: this.#up(place),
      complete: true,
      attributes: stats ? { uid: Number(stats.uid), setId: hasSetId(Number(stats.mode)) } : null,
    };
  }

  find(path: string): FoundFile | null {
    const real = realPath(path);
    const directory = realPath(posix.dirname(path));
    const place = real ?? (directory === undefined ? path : posix.join(directory, posix.basename(path)));
    const stats = real === undefined ? undefined : statOf(real);
    const kind =
      stats === undefined ? null : stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other';
    return { real: place, kind, fileSystem: mountOf(this.#mounts, place)?.type ?? null };
  }

  #identity(path: string): string {
    const stats = statOf(path);
    return stats ? identityOf(stats) : `nothing at ${path}`;
  }

  /** From a path without symbolic links up to the root. */
  #up(path: string): Step[] {
    const mount = mountOf(this.#mounts, path);
    const onIt = { device: mount?.device ?? '', fileSystem: mount?.type ?? '' };
    const inode = statOf(path) ? this.#identity(path) : null;
    const above = posix.dirname(path);
    const entry = (at: string) => ({
      directory: this.#identity(posix.dirname(at)),
      name: posix.basename(at),
    });
    if (mountAt(this.#mounts, path) === undefined)
      return [{ inode, entry: entry(path), ...onIt }, ...this.#up(above)];
    const source = mount && sourceOf(mount, this.#mounts);
    const inside: Step[] =
      source === undefined ? [{ inode, entry: null, ...onIt }] : this.#within(source.path, source.top, onIt);
    if (path === '/') return inside;
    const under = mountOf(this.#mounts, above);
    const covered: Step = {
      inode: null,
      entry: entry(path),
      device: under?.device ?? '',
      fileSystem: under?.type ?? '',
    };
    return [...inside, covered, ...this.#up(above)];
  }

  /** From a directory up to the root of its file system, which is mounted at `top`. */
  #within(path: string, top: string, onIt: { device: string; fileSystem: string }): Step[] {
    const inode = this.#identity(path);
    if (path === top) return [{ inode, entry: null, ...onIt }];
    const above = posix.dirname(path);
    const entry = { directory: this.#identity(above), name: posix.basename(path) };
    return [{ inode, entry, ...onIt }, ...this.#within(above, top, onIt)];
  }
}

/** Where else the directory of a bind mount can be seen, below the root of its file system. */
function sourceOf(
  { root, device, point }: MountEntry,
  mounts: readonly MountEntry[],
): { path: string; top: string } | undefined {
  if (root === '/') return undefined;
  const whole = mounts.find((one) => one.device === device && one.root === '/' && one.point !== point);
  if (whole === undefined) return undefined;
  const path = posix.join(whole.point, root);
  return statOf(path) ? { path, top: whole.point } : undefined;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

// The set-group-ID bit counts with group execute permission only: fs/exec.c bprm_fill_uid().
function hasSetId(mode: number): boolean {
  return (mode & 0o4000) !== 0 || (mode & 0o2010) === 0o2010;
}
