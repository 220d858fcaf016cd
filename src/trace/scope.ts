import { statSync } from 'node:fs';
import { BpfError } from '../errors.js';

/** Whose calls to show: at most one of the two; neither for everybody's. */
export interface TraceScope {
  /** Those of one process, with all its threads (a pid as the initial pid namespace numbers it). */
  pid?: number;
  /** Those of the processes in a cgroup or below it: its directory in cgroup v2. */
  cgroup?: string;
}

const LARGEST_PID = 2 ** 22;

/** The same as the numbers that the BPF program compares, 0 for everybody. */
export function scopeOf({ pid, cgroup }: TraceScope): { pid: number; cgroup: bigint } {
  if (pid !== undefined && cgroup !== undefined) throw wrong('trace either a pid or a cgroup, not both');
  if (pid !== undefined && !(Number.isInteger(pid) && pid > 0 && pid <= LARGEST_PID)) {
    throw wrong(`pid must be an integer from 1 to ${LARGEST_PID}, not ${pid}`);
  }
  if (pid === process.pid) throw wrong(`process ${pid} is this one, which is never shown`);
  if (cgroup !== undefined && typeof cgroup !== 'string')
    throw wrong('cgroup must be the path of its directory');
  return { pid: pid ?? 0, cgroup: cgroup === undefined ? 0n : cgroupId(cgroup) };
}

function cgroupId(path: string): bigint {
  try {
    const stats = statSync(path, { bigint: true });
    if (stats.isDirectory()) return stats.ino;
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`cannot find the cgroup: ${message}`, { code, errno, syscall: 'stat', path, cause });
  }
  throw wrong(`${path} is no directory, so it is no cgroup`);
}

function wrong(message: string): BpfError {
  return new BpfError(message, { code: 'ERR_BPF_ARGUMENT', reason: 'input' });
}
