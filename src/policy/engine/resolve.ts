import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { BpfError } from '../../errors.js';
import type { Policy, PolicyObject } from '../model/index.js';
import { type Identity, identify } from './identity.js';
import { isBeneath, mountPoints } from './mount-points.js';
import type { Reach } from './rule-table.js';

/** A name in a directory, whether there is such a file or not. */
export interface NamedPlace {
  readonly directory: Identity;
  readonly name: Uint8Array;
}

/** What a path of a policy leads to on this machine. */
export interface ResolvedFile {
  /** The file or directory; undefined when there is none. */
  readonly self: Identity | undefined;
  /** Its name in its directory; of a symbolic link, the link's and that of the file it leads to. */
  readonly names: readonly NamedPlace[];
  /** The roots of what is mounted beneath it, with the types of their file systems. */
  readonly mounts: readonly { path: string; identity: Identity; type: string }[];
  /** Its path without symbolic links. */
  readonly path: string;
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
  const types = mountPoints();
  const mounts = [...types.keys()];
  const places = new Map([...paths].map((path) => [path, placesOf(path, mounts)]));
  const wanted = [...places.values()].flatMap(({ entries, mounts: inside }) => [
    ...entries.flatMap(({ path, directory }) => [path, directory]),
    ...inside,
  ]);
  const identities = await identify(wanted);
  return new Map([...places].map(([path, places]) => [path, resolved(path, places, identities, types)]));
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
  /** The path without symbolic links above its end; then, of a link, where it leads. */
  entries: readonly [Entry, ...Entry[]];
  mounts: readonly string[];
}

function placesOf(path: string, mounts: readonly string[]): Places {
  const given = entryOf(path);
  const end = realPath(path);
  const target = end === undefined || end === given.path ? [] : [entryOf(end)];
  const directory = end ?? given.path;
  return { entries: [given, ...target], mounts: mounts.filter((mount) => isBeneath(mount, directory)) };
}

function entryOf(path: string): Entry {
  const above = posix.dirname(path);
  const directory = realPath(above);
  if (directory === undefined) {
    throw new BpfError(`${path} cannot be watched for, since its directory ${above} does not exist`, {
      code: 'ERR_BPF_POLICY_OBJECT',
      reason: 'input',
      path,
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
    throw error;
  }
}

function resolved(
  path: string,
  { entries, mounts }: Places,
  identities: ReadonlyMap<string, Identity>,
  types: ReadonlyMap<string, string>,
): ResolvedFile {
  const last = entries[entries.length - 1] as Entry;
  return {
    path: last.path,
    self: identities.get(last.path),
    names: path === '/' ? [] : entries.map((entry) => namedPlace(entry, identities)),
    mounts: mounts.flatMap((mount) => {
      const identity = identities.get(mount);
      return identity ? [{ path: mount, identity, type: types.get(mount) ?? '' }] : [];
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
