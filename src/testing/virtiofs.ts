import { VmError } from './errors.js';
import { findProgram, needProgram, runProgram } from './programs.js';

/** The two programs of this name: QEMU's own (before 8.0), written in C, and its successor, written in Rust. */
export type VirtiofsdKind = 'c' | 'rust';

export interface Virtiofsd {
  readonly path: string;
  readonly kind: VirtiofsdKind;
}

/** One shared directory. */
export interface VirtiofsShare {
  readonly source: string;
  readonly socket: string;
  /** Does the directory stay as it is while the guest runs? Then the guest may keep what it has read. */
  readonly cache: boolean;
  /** The most files it may hold open; undefined leaves that to virtiofsd, which raises the limit. */
  readonly openFiles: number | undefined;
}

/** Finds virtiofsd, which distributions keep out of PATH. Throws VmError 'MISSING_PROGRAM'. */
export async function findVirtiofsd(): Promise<Virtiofsd> {
  const places = ['/usr/libexec', '/usr/lib/qemu', '/usr/lib', '/usr/lib/virtiofsd'];
  const path = findProgram('virtiofsd', places) ?? needProgram('virtiofsd');
  const run = await runProgram(path, ['--version']);
  const said = run.stdout.toString() + run.stderr;
  // To an ordinary user QEMU's own says nothing else: it gives up its groups before it reads its options.
  if (/^virtiofsd version|^setgroups\(\) failed/m.test(said)) return { path, kind: 'c' };
  if (/^virtiofsd \d/m.test(said)) return { path, kind: 'rust' };
  throw new VmError(
    'MISSING_PROGRAM',
    `${path} does not tell its version: reinstall the package it comes from.`,
  );
}

/**
 * The arguments for a share. The process runs in a mount namespace of its own already, as root or as the root of a
 * user namespace, so virtiofsd need not make another.
 */
export function virtiofsdArguments(kind: VirtiofsdKind, share: VirtiofsShare): string[] {
  const files = share.openFiles === undefined ? [] : [`--rlimit-nofile=${share.openFiles}`];
  if (kind === 'rust') {
    const cache = share.cache ? 'always' : 'auto';
    const where = [`--socket-path=${share.socket}`, `--shared-dir=${share.source}`];
    // An announced mount point is an automount for the guest, and an overlay cannot lie over one (EREMOTE).
    const how = [`--cache=${cache}`, '--no-announce-submounts', '--sandbox=none', '--log-level=warn'];
    return [...where, ...how, ...files];
  }
  const cache = share.cache ? 'always' : 'auto';
  const options = [`source=${share.source}`, `cache=${cache}`, 'sandbox=chroot', 'log_level=warn'];
  return [`--socket-path=${share.socket}`, ...options.flatMap((option) => ['-o', option]), ...files];
}
