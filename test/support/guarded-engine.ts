import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';

/**
 * Mounts for an engine to be guarded in: a bpffs two mounts below /dev/shm, with a name on the way in each.
 *
 *   ROOT/outer (tmpfs) /place/fs (bpffs) /way/engine
 */
export const ROOT = '/dev/shm/policy-guard';
export const OUTER = `${ROOT}/outer`;
export const PLACE = `${OUTER}/place`;
export const BPFFS = `${PLACE}/fs`;
export const WAY = `${BPFFS}/way`;
export const ENGINE = `${WAY}/engine`;
/** Where other things are mounted, or moved to. */
export const ELSEWHERE = `${ROOT}/elsewhere`;
/** For copies of OUTER that share its mounts. */
export const PEER = `${ROOT}/peer`;
export const TENT = `${ROOT}/tent`;

function isMountPoint(path: string): boolean {
  return spawnSync('mountpoint', ['-q', path]).status === 0;
}

export function run(command: string): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

/**
 * Mounts what is not there. ROOT is a mount of its own, which shares nothing: where systemd runs, all mounts share what
 * happens to them, and what is on such a one cannot be moved (fs/namespace.c do_move_mount()).
 */
export function pitch(): void {
  mkdirSync(ROOT, { recursive: true });
  if (!isMountPoint(ROOT)) run(`mount --bind ${ROOT} ${ROOT}; mount --make-private ${ROOT}`);
  for (const directory of [OUTER, ELSEWHERE, PEER, TENT]) mkdirSync(directory, { recursive: true });
  if (!existsSync(PLACE)) run(`mount -t tmpfs outer ${OUTER}; mkdir -p ${BPFFS} ${OUTER}/side`);
  if (!existsSync(WAY)) run(`mount -t bpf bpf ${BPFFS}; mkdir -p ${WAY} ${BPFFS}/beside`);
}

/** Copies of OUTER with all its mounts: what ends in one of them ends in all. */
export function share(): void {
  run(`mount --make-rshared ${OUTER}; mount --rbind ${OUTER} ${PEER}`);
  run(`mount -t tmpfs tent ${TENT}; mkdir ${TENT}/peer; mount --rbind ${OUTER} ${TENT}/peer`);
}

/** Takes the copies away, without what they share. */
export function unshare(): void {
  run(`mount --make-rprivate ${PEER}; mount --make-rprivate ${TENT}; mount --make-rprivate ${OUTER}`);
  run(`umount -l ${PEER}; umount -l ${TENT}`);
}

export function strike(): void {
  run(`umount -l ${ROOT}`);
  rmSync(ROOT, { recursive: true });
}
