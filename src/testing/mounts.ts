/** One line of /proc/self/mountinfo, as far as it matters here. */
export interface Mount {
  readonly path: string;
  /** The mount's own options, e.g. `rw`, `nosuid`, `relatime`. */
  readonly options: readonly string[];
}

/** Parses /proc/self/mountinfo. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const [path, options] = [fields[4], fields[5]];
    if (path !== undefined && options !== undefined) {
      mounts.push({ path: unescapeOctal(path), options: options.split(',') });
    }
  }
  return mounts;
}

function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Is `path` the directory `parent` or below it? */
export function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
}

/** Directories of the host a guest must not see: it has its own, and they hold other processes' secrets. */
export const hidden: readonly string[] = ['proc', 'sys', 'dev', 'run'];

/**
 * The mounts of a recursive bind at `root` that must be made read-only one by one (util-linux learned to do it for a
 * whole tree in 2.39), each with the options to keep: a user namespace may not take flags like nosuid away.
 */
export function remounts(mounts: readonly Mount[], root: string): { path: string; options: string }[] {
  const covered = hidden.map((name) => `${root}/${name}`);
  return mounts
    .filter(({ path }) => isWithin(path, root) && !covered.some((cover) => isWithin(path, cover)))
    .map(({ path, options }) => {
      const kept = options.filter((option) => option !== 'rw' && option !== 'ro');
      return { path, options: ['remount', 'bind', 'ro', ...kept].join(',') };
    });
}
