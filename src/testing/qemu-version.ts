import { VmError } from './errors.js';
import type { Machine } from './machine.js';
import { needProgram, runProgram } from './programs.js';

/** The QEMU this machine has. */
export interface Qemu {
  readonly path: string;
  /** E.g. `7.2.22`. */
  readonly version: string;
  readonly major: number;
}

/** Finds QEMU and asks its version. Throws VmError 'MISSING_PROGRAM'. */
export async function findQemu(machine: Machine): Promise<Qemu> {
  const path = needProgram(machine.qemu, machine.qemuPackage);
  const run = await runProgram(path, ['--version']);
  const version = /version (\d+)\.([\d.]+)/.exec(run.stdout.toString());
  if (version?.[1] === undefined) {
    throw new VmError(
      'MISSING_PROGRAM',
      `${path} does not tell its version: reinstall ${machine.qemuPackage}.`,
    );
  }
  return { path, version: `${version[1]}.${version[2]}`, major: Number(version[1]) };
}
