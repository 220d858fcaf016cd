import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { VmError } from './errors.js';

/** The Debian package of every program the kit runs. */
const PACKAGES: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  mmdebstrap: 'mmdebstrap',
  busybox: 'busybox-static',
  depmod: 'kmod',
  xz: 'xz-utils',
  mount: 'mount',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  virtiofsd: 'virtiofsd (Debian 13) or qemu-system-common (Debian 12)',
};

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of a program in PATH or the usual directories, or undefined. */
export function findProgram(name: string, extra: readonly string[] = []): string | undefined {
  const path = (process.env.PATH ?? '').split(':').filter((dir) => dir.startsWith('/'));
  for (const dir of [...extra, ...path, ...DIRECTORIES]) {
    const file = join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** As {@link findProgram}, but throws VmError 'MISSING_PROGRAM' naming the package to install. */
export function needProgram(name: string, pkg: string | undefined = PACKAGES[name]): string {
  const path = findProgram(name);
  if (path === undefined) {
    throw new VmError(
      'MISSING_PROGRAM',
      `A guest needs the program ${name}: install the package ${pkg ?? name}.`,
    );
  }
  return path;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end and collects its output; a failure to start it rejects. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
    );
  });
}
