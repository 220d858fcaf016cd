import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpioEntry, cpio, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from './cpio.js';
import { guestAgent } from './guest-agent.js';
import { guestInit, guestProbe } from './guest-init.js';
import type { Kernel } from './kernel-cache.js';
import { needProgram } from './programs.js';

/** What the guest's file system shall be made of. */
export interface GuestTree {
  readonly kernel: Kernel;
  /** Names of the shares: `/mnt/<name>` in the guest. */
  readonly shares: readonly string[];
  /** Shall `/tmp` be the guest's own? Not when the project lies in it: then it is the host's, as an overlay. */
  readonly ownTmp: boolean;
  /** Is virtiofsd without power over other users' files? */
  readonly unowned: boolean;
}

/** The virtiofs tag of the host's file system, and of a share. */
export const rootTag = 'host';
export const shareTag = (name: string): string => `share-${name}`;

/** Writes the initramfs of a guest. */
export async function writeInitrd(file: string, tree: GuestTree): Promise<void> {
  const modules = join(tree.kernel.directory, 'boot');
  const entries = await base(guestInit);
  for (const name of (await readdir(modules)).sort()) {
    entries.push(plain(`modules/${name}`, await readFile(join(modules, name))));
  }
  const tables = mountTables(tree);
  entries.push(...skeleton());
  for (const [name, text] of Object.entries(tables)) entries.push(plain(name, Buffer.from(text)));
  await writeFile(file, cpio(entries));
}

/** Writes the initramfs of the guest that shows whether KVM works. */
export async function writeProbeInitrd(file: string): Promise<void> {
  await writeFile(file, cpio(await base(guestProbe)));
}

async function base(init: string): Promise<CpioEntry[]> {
  const busybox = await readFile(needProgram('busybox'));
  const folders = ['dev', 'proc', 'modules', 'host', 'upper', 'new'];
  return [
    ...folders.map(folder),
    { path: 'dev/console', mode: S_IFCHR | 0o600, device: [5, 1] },
    { path: 'dev/null', mode: S_IFCHR | 0o666, device: [1, 3] },
    { path: 'busybox', mode: S_IFREG | 0o755, data: busybox },
    { path: 'init', mode: S_IFREG | 0o755, data: Buffer.from(init) },
  ];
}

/** What is copied into the guest's root in one go: the agent, and links udev makes elsewhere. */
function skeleton(): CpioEntry[] {
  const link = (path: string, to: string): CpioEntry => ({
    path,
    mode: S_IFLNK | 0o777,
    data: Buffer.from(to),
  });
  return [
    ...['skeleton', 'skeleton/dev', 'skeleton/run', 'skeleton/run/vm'].map(folder),
    link('skeleton/dev/fd', '/proc/self/fd'),
    link('skeleton/dev/stdin', '/proc/self/fd/0'),
    link('skeleton/dev/stdout', '/proc/self/fd/1'),
    link('skeleton/dev/stderr', '/proc/self/fd/2'),
    plain('skeleton/run/vm/agent', Buffer.from(guestAgent)),
  ];
}

function folder(path: string): CpioEntry {
  return { path, mode: S_IFDIR | 0o755 };
}

function plain(path: string, data: Uint8Array): CpioEntry {
  return { path, mode: S_IFREG | 0o644, data };
}

/** The tables the guest's init reads, by file name. */
export function mountTables(tree: GuestTree): Record<string, string> {
  const { kernel, shares } = tree;
  const lower = tree.unowned ? '/host/mnt/files' : '/host';
  const nosuid = tree.unowned ? ',nosuid' : '';
  const modules = `/lib/modules/${kernel.release}`;
  const config = `/new/boot/config-${kernel.release}`;
  const binds = [
    [`/host${kernel.directory}${modules}`, `/new${modules}`, 'none', 'bind'],
    [`/host${kernel.directory}/config`, config, 'none', 'bind'],
  ];
  const mounted = shares.map((name) => [shareTag(name), `/new/mnt/${name}`, 'virtiofs', 'rw']);
  const directories = [
    'dev/pts',
    'dev/shm',
    'boot',
    modules.slice(1),
    ...shares.map((name) => `mnt/${name}`),
  ];
  return {
    'fstab.lower': table([
      [rootTag, '/host', 'virtiofs', `ro${nosuid}`],
      ['upper', '/upper', 'tmpfs', 'mode=755'],
    ]),
    'fstab.root': table([
      ['root', '/new', 'overlay', `lowerdir=${lower},upperdir=/upper/files,workdir=/upper/work${nosuid}`],
      ...KERNEL_MOUNTS,
      ...(tree.ownTmp ? [['tmp', '/new/tmp', 'tmpfs', 'mode=1777']] : []),
    ]),
    'fstab.upper': table([
      ['devpts', '/new/dev/pts', 'devpts', 'gid=5,mode=620,ptmxmode=666'],
      ['shm', '/new/dev/shm', 'tmpfs', 'mode=1777'],
      ...binds,
      ...mounted,
    ]),
    directories: directories.map((path) => `/new/${path}\n`).join(''),
    config: `${config}\n`,
    ...(tree.unowned ? { unowned: '' } : {}),
  };
}

const KERNEL_MOUNTS = [
  ['proc', '/new/proc', 'proc', 'nosuid,nodev,noexec'],
  ['sys', '/new/sys', 'sysfs', 'nosuid,nodev,noexec'],
  ['dev', '/new/dev', 'devtmpfs', 'mode=755'],
  ['run', '/new/run', 'tmpfs', 'mode=755'],
  ['cgroup', '/new/sys/fs/cgroup', 'cgroup2', 'nosuid,nodev,noexec'],
  ['bpf', '/new/sys/fs/bpf', 'bpf', 'mode=700'],
  ['security', '/new/sys/kernel/security', 'securityfs', 'nosuid,nodev,noexec'],
  ['debug', '/new/sys/kernel/debug', 'debugfs', 'nosuid,nodev,noexec'],
  ['tracing', '/new/sys/kernel/tracing', 'tracefs', 'nosuid,nodev,noexec'],
];

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((fields) => `${fields.map(escapeField).join(' ')} 0 0\n`).join('');
}

/** White space and backslashes are octal in fstab(5). */
function escapeField(text: string): string {
  return text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
