import { readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { BpfError, usualReason } from '../../errors.js';
import { MOST_LINKS, targetPath } from '../files/index.js';
import type { Policy, PolicyObject } from '../model/index.js';
import { type Identity, identify } from './identity.js';
import { isBeneath, type MountPoint, mountPoints } from './mount-points.js';
import type { Reach } from './rule-table.js';

/** A name in a directory, whether there is such a file or not. */
export interface NamedPlace {
  readonly directory: Identity;
  readonly name: Uint8Array;
}

/** What a path of a policy leads to on this machine. */
export interface ResolvedFile {
  /** The file or directory, behind symbolic links; undefined when there is none. */
  readonly self: Identity | undefined;
  /** Its name in its directory; of a symbolic link, the link's and that of each thing that it leads to. */
  readonly names: readonly NamedPlace[];
  /** What is mounted beneath it, with its identity there. */
  readonly mounts: readonly MountedHere[];
  /** Its path without symbolic links. */
  readonly path: string;
}

/** What is mounted beneath a directory of a policy. */
export interface MountedHere extends MountPoint {
  readonly path: string;
  readonly identity: Identity;
}

/** Whether an object is a place, and whether all beneath it is meant. */
export function reachOf({ kind }: PolicyObject): Reach | undefined {
  switch (kind) {
    case 'path':
    case 'unix-path':
    case 'target-executable':
      return 'self';
    case 'beneath':
    case 'unix-beneath':
      return 'below';
    default:
      return undefined;
  }
}

/** Resolves all paths that policies name. */
export async function resolveFiles(policies: readonly Policy[]): Promise<Map<string, ResolvedFile>> {
  const paths = new Set(policies.flatMap(pathsOf));
  if (paths.size === 0) return new Map();
  const mounted = mountPoints();
  const mounts = [...mounted.keys()];
  const places = new Map([...paths].map((path) => [path, placesOf(path, mounts)]));
  const wanted = [...places.values()].flatMap(({ entries, mounts: inside }) => [
    ...entries.flatMap(({ path, directory }) => [path, directory]),
    ...inside,
  ]);
  const identities = await identify(wanted);
  return new Map([...places].map(([path, places]) => [path, resolved(path, places, identities, mounted)]));
}

function pathsOf({ rules, conditions }: Policy): string[] {
  const objects = rules.flatMap((rule): readonly PolicyObject[] => rule.objects ?? []);
  return [...objects, ...(conditions.executables ?? [])].flatMap((object) =>
    'path' in object ? [object.path] : [],
  );
}

interface Entry {
  path: string;
  directory: string;
}

interface Places {
  /** The path without symbolic links above its end; then, of a link, what it leads to, link by link. */
  entries: readonly [Entry, ...Entry[]];
  mounts: readonly string[];
}

function placesOf(path: string, mounts: readonly string[]): Places {
  const entries: [Entry, ...Entry[]] = [entryOf(path, path)];
  for (let last = entries[0]; entries.length <= MOST_LINKS; ) {
    const target = linkAt(last.path);
    if (target === undefined) break;
    last = entryOf(targetPath(last.directory, target), path);
    entries.push(last);
  }
  const { path: end } = entries[entries.length - 1] as Entry;
  return { entries, mounts: mounts.filter((mount) => isBeneath(mount, end)) };
}

/** What a symbolic link says; undefined for what is none. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw notFollowed(path, error as NodeJS.ErrnoException);
  }
}

/** @param asked - the path of the policy that led there */
function entryOf(path: string, asked: string): Entry {
  const above = posix.dirname(path);
  const directory = realPath(above);
  if (directory === undefined) {
    const what = path === asked ? path : `${path}, to which ${asked} leads,`;
    throw new BpfError(`${what} cannot be watched for, since its directory ${above} does not exist`, {
      code: 'ERR_BPF_POLICY_OBJECT',
      reason: 'input',
      path: asked,
      hint: 'make the directory first, or name one that exists',
    });
  }
  return { path: path === '/' ? '/' : posix.join(directory, posix.basename(path)), directory };
}

/** Undefined when there is no such file. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw notFollowed(path, error as NodeJS.ErrnoException);
  }
}

function notFollowed(path: string, cause: NodeJS.ErrnoException): BpfError {
  const { code = 'EIO', errno, syscall } = cause;
  return new BpfError(`cannot find out where ${path} leads: ${cause.message}`, {
    code,
    reason: usualReason(code),
    ...(errno !== undefined && { errno }),
    ...(syscall !== undefined && { syscall }),
    path,
    cause,
  });
}

function resolved(
  path: string,
  { entries, mounts }: Places,
  identities: ReadonlyMap<string, Identity>,
  mounted: ReadonlyMap<string, MountPoint>,
): ResolvedFile {
  const last = entries[entries.length - 1] as Entry;
  return {
    path: last.path,
    self: identities.get(last.path),
    names: path === '/' ? [] : entries.map((entry) => namedPlace(entry, identities)),
    mounts: mounts.flatMap((mount) => {
      const [identity, point] = [identities.get(mount), mounted.get(mount)];
      return identity && point ? [{ path: mount, identity, ...point }] : [];
    }),
  };
}

function namedPlace({ path, directory }: Entry, identities: ReadonlyMap<string, Identity>): NamedPlace {
  const identity = identities.get(directory);
  if (identity) return { directory: identity, name: Buffer.from(posix.basename(path)) };
  throw new BpfError(`${directory} went away while ${path} was looked for`, {
    code: 'ERR_BPF_POLICY_OBJECT',
    reason: 'input',
    path,
    hint: 'try again',
  });
}
