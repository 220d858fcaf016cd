import { type BigIntStats, type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mounts } from './mounts.js';

/**
 * The directories of the cgroup v2 hierarchy by the ids of their cgroups, which are their inode numbers. Read when the
 * first is asked for.
 */
export class CgroupPaths {
  #paths: Map<bigint, string> | undefined;

  /** Undefined for a cgroup that is gone, or out of sight in this cgroup namespace. */
  of(id: bigint): string | undefined {
    this.#paths ??= new Map(everyCgroup());
    return this.#paths.get(id);
  }
}

function* everyCgroup(): Generator<[id: bigint, path: string]> {
  const top = mounts().find(({ fileSystem }) => fileSystem === 'cgroup2')?.path;
  const waiting = top === undefined ? [] : [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stats = lookAt(path);
    if (!stats) continue;
    yield [stats.ino, path];
    for (const entry of entriesOf(path)) if (entry.isDirectory()) waiting.push(join(path, entry.name));
  }
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
