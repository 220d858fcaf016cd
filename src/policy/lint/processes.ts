import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Subject } from '../evaluate/index.js';
import type { Files } from '../files/index.js';

/** A running process, as /proc tells of it. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** What it calls itself. */
  readonly name: string;
  /** What it runs; null where that cannot be read. */
  readonly executable: string | null;
  /** The files that it has mapped executable: itself, the loader, libraries. */
  readonly mapped: readonly string[];
  readonly subject: Subject;
}

/** A process; undefined when there is none, or it cannot be read at all. */
export function runningProcess(pid: number, files: Files): RunningProcess | undefined {
  const status = textOf(`/proc/${pid}/status`);
  if (status === undefined) return undefined;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const ids = (name: string) => {
    const [real = 0, effective = 0] = field(name).split(/\s+/).map(Number);
    return { real, effective };
  };
  const executable = linkOf(`/proc/${pid}/exe`);
  return {
    pid,
    parent: Number(field('PPid')),
    name: field('Name'),
    executable,
    mapped: mappedIn(textOf(`/proc/${pid}/maps`) ?? ''),
    subject: {
      uids: ids('Uid'),
      gids: ids('Gid'),
      executable: executable === null ? null : files.file(executable),
      cgroup: /^0::(.*)$/m.exec(textOf(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? '/',
      domains: [],
    },
  };
}

/** The process ids that there are. */
export function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function mappedIn(maps: string): string[] {
  const paths = maps.split('\n').flatMap((line) => /^\S+ ..x. .*?(\/.*)$/.exec(line)?.[1] ?? []);
  return [...new Set(paths)].filter((path) => !path.endsWith(' (deleted)'));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
