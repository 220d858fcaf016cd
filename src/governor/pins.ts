import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { native } from '../native.js';
import { type Mount, mounts } from './mounts.js';

/** The kinds of objects that can be pinned. */
export type PinnedKind = 'program' | 'map' | 'link';

/** The paths that pin an object, by its kind and id. */
export type Pins = ReadonlyMap<`${PinnedKind} ${number}`, string[]>;

/**
 * Walks every bpffs that this process can reach. A directory that is mounted in several places is walked once, and
 * its pins are told by the first of its paths; what another mount hides is not reached. A hard link is a pin of its own.
 */
export async function findPins(from: readonly Mount[] = mounts()): Promise<Pins> {
  const walk = new PinWalk();
  // The widest view of a file system first: a mount of one of its directories shows nothing new then.
  const bpffs = from.filter(({ fileSystem }) => fileSystem === 'bpf');
  const byDepth = [...bpffs].sort((a, b) => depth(a.root) - depth(b.root));
  for (const { path, device } of byDepth) await walk.mount(path, device);
  return walk.pins;
}

function depth(root: string): number {
  return root === '/' ? 0 : root.split('/').length;
}

class PinWalk {
  readonly pins = new Map<`${PinnedKind} ${number}`, string[]>();
  readonly #seen = new Set<string>();

  async mount(path: string, device: string): Promise<void> {
    const stats = await lookAt(path);
    // Another file system is mounted over it by now.
    if (stats && deviceOf(stats) === device) await this.#directory(path, stats);
  }

  async #directory(path: string, { dev, ino }: BigIntStats): Promise<void> {
    const identity = `${dev}:${ino}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    for (const entry of await entriesOf(path)) {
      const child = join(path, entry.name);
      if (entry.isFile()) this.#pin(child);
      if (!entry.isDirectory()) continue;
      const stats = await lookAt(child);
      // A file system that is mounted inside is another mount's business.
      if (stats?.dev === dev) await this.#directory(child, stats);
    }
  }

  #pin(path: string): void {
    const pinned = native().inventoryPin(path);
    if (!pinned) return;
    const key = `${pinned.kind} ${pinned.id}` as const;
    const paths = this.pins.get(key);
    if (paths) paths.push(path);
    else this.pins.set(key, [path]);
  }
}

/** Undefined for what is gone by now, or may not be looked at. */
async function lookAt(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch {
    return undefined;
  }
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** glibc's layout of a device number (sys/sysmacros.h), as mountinfo writes it. */
function deviceOf({ dev }: BigIntStats): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
