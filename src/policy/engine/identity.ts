import { closeSync, constants, openSync } from 'node:fs';
import process from 'node:process';
import { BpfError, usualReason } from '../../errors.js';
import { BpfObject } from '../../object/index.js';

/** A file or directory as the kernel numbers it inside: not always what stat(2) tells. */
export interface Identity {
  readonly device: number;
  readonly inode: bigint;
}

interface Identities {
  programs: 'list_identities';
  maps: Record<never, never>;
  globals: Record<never, never>;
}

const OBJECT = new URL('../../../dist/bpf/engine/identities.bpf.o', import.meta.url);

// include/uapi/asm-generic/fcntl.h: Node does not name it.
const O_PATH = 0o10000000;

// So many are open at a time: the usual limit of descriptors is 1024.
const AT_ONCE = 512;

// include/uapi/linux/magic.h BTRFS_SUPER_MAGIC
const BTRFS = 0x9123683en;

/**
 * Asks the kernel for the identities of files, by opening them for nothing (O_PATH) and walking over the descriptors of
 * this process (BPF_ITER_CREATE over tasks' files).
 *
 * A path is opened as it is, without following a symbolic link at its end.
 *
 * Linux 6.1; kernel/bpf/task_iter.c task_file_seq_get_next().
 *
 * @returns an identity for each path that exists
 * @throws BpfError `EACCES` and its like; `ERR_BPF_POLICY_OBJECT` for a file system whose inode numbers name no file
 */
export async function identify(paths: Iterable<string>): Promise<Map<string, Identity>> {
  const found = new Map<string, Identity>();
  const wanted = [...new Set(paths)];
  if (wanted.length === 0) return found;
  using object = await BpfObject.open<Identities>(OBJECT).load();
  using link = object.programs.list_identities.attach({ iterate: { pid: process.pid } });
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const opened = new Map<number, string>();
    try {
      for (const path of wanted.slice(from, from + AT_ONCE)) {
        const fd = openForNothing(path);
        if (fd !== undefined) opened.set(fd, path);
      }
      for (const line of (await link.text()).split('\n')) {
        const [fd = '', device = '', inode = '0', magic = '0'] = line.split(' ');
        const path = opened.get(Number(fd));
        if (fd === '' || path === undefined) continue;
        assertHonest(path, BigInt(magic));
        found.set(path, { device: Number(device), inode: BigInt(inode) });
      }
    } finally {
      for (const fd of opened.keys()) closeSync(fd);
    }
  }
  return found;
}

/** Undefined when there is nothing of that name. */
function openForNothing(path: string): number | undefined {
  try {
    return openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new BpfError(`cannot look at ${path}: ${message}`, {
      code,
      reason: usualReason(code),
      errno,
      syscall: 'open',
      path,
      cause,
    });
  }
}

/** Subvolumes of btrfs are one device inside the kernel, and number their inodes each for itself. */
function assertHonest(path: string, magic: bigint): void {
  if (magic !== BTRFS) return;
  throw new BpfError(`${path} is on btrfs, whose inode numbers are not unique`, {
    code: 'ERR_BPF_POLICY_OBJECT',
    reason: 'kernel',
    path,
    hint: 'name objects on other file systems only',
  });
}
