import { existsSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeValue } from '../btf/index.js';
import { BpfError } from '../errors.js';
import { native } from '../native.js';
import { BpfObject, Link, linkInfoById } from '../object/index.js';
import { CgroupAttachment } from './cgroup-attachment.js';

/** bpf/lock/lock.bpf.c */
interface Lock {
  programs: 'guard_calls' | 'guard_pins' | 'guard_mount' | 'guard_switch';
  maps: { locked: { type: 'hash'; key: Locked; value: number } };
  globals: Record<never, never>;
  constants: { pins_device: number; pins_inode: bigint };
}

interface Locked {
  kind: 'ARMED' | 'LOCKED_LINK' | 'LOCKED_PROGRAM' | 'LOCKED_MAP' | 'LOCKED_ATTACH_TYPE';
  id: number;
}

const OBJECT = new URL('../../dist/bpf/lock/lock.bpf.o', import.meta.url);

const GUARDS = ['guard_calls', 'guard_pins', 'guard_mount', 'guard_switch'] as const;

/**
 * Makes attachments final: until the next boot nobody can end or change them, root and this process included. They are
 * pinned below a directory that nobody can enter any more, and closed. There is no key: only a reboot opens the lock.
 *
 * What fails with `EPERM` from then on: to open the pins, to remove, rename or list them, to unmount their bpffs; to get a
 * descriptor of the links, the programs and the maps they use by id, and so to detach, update or replace anything; to
 * attach further programs to cgroups by the same attach types, which could take a denial back; to write to
 * `kernel.ftrace_enabled`.
 *
 * What it does not prevent, because it is no part of BPF: that a process is moved out of the cgroup by whoever may, that
 * the last mount namespace with this bpffs ends (use the one at `/sys/fs/bpf` of the host), that somebody who has a
 * program on the same hook already puts another in its place, loads a kernel module or boots another kernel. Descriptors
 * that a process has already stay good, those of the object's maps too: close them where nothing is to change any more.
 *
 * Linux 6.1; kernel/bpf/syscall.c bpf_link_get_fd_by_id(), kernel/bpf/inode.c bpf_obj_do_get(), fs/namei.c may_lookup().
 *
 * @param attachments - of one or several hooks, not pinned
 * @param directory - a path on a bpffs where there is nothing yet
 * @throws BpfError `ERR_BPF_ARGUMENT`, `ERR_BPF_CLOSED`, `ERR_BPF_STATE` for one that is pinned, `EEXIST` when the
 *   directory is there, `ERR_BPF_NOT_BPFFS`, and what loading and attaching throw; `ERR_BPF_NOT_VERIFIED` when the lock
 *   does not hold. Then nothing is locked, and the attachments are as before.
 */
export async function lock(attachments: readonly CgroupAttachment[], directory: string): Promise<void> {
  assertAttachments(attachments);
  if (typeof directory !== 'string') throw wrong('a directory on a bpffs', directory);
  if (existsSync(directory)) throw taken(directory);
  const undo: (() => void)[] = [() => existsSync(directory) && rmdirSync(directory)];
  try {
    for (const [index, attachment] of attachments.entries()) {
      attachment.pin(join(directory, `${index}_${attachment.program}`));
      undo.push(() => attachment.unpin());
    }
    const guards = await guard(attachments, directory, undo);
    for (const each of [...guards, ...attachments]) each.close();
  } catch (cause) {
    for (const step of undo.reverse()) step();
    throw cause;
  }
}

/** Attaches the guards, and closes the lock. What is to be undone if that fails, goes to `undo`. */
async function guard(
  attachments: readonly CgroupAttachment[],
  directory: string,
  undo: (() => void)[],
): Promise<(Link | BpfObject<Lock>)[]> {
  const open = BpfObject.open<Lock>(OBJECT);
  const { dev, ino } = statSync(directory, { bigint: true });
  open.globals.pins_device = kernelDevice(dev);
  open.globals.pins_inode = ino;
  const object = await open.load();
  undo.push(() => object.close());
  const { locked } = object.maps;
  const links = GUARDS.map((name) => {
    const link = object.programs[name].attach();
    undo.push(() => link.close());
    link.pin(join(directory, name));
    undo.push(() => link.unpin());
    return link;
  });
  for (const what of toLock([...attachments.map(({ linkId }) => linkId), ...links.map(({ id }) => id)])) {
    locked.set(what, 1);
  }
  locked.set(ARMED, 1);
  undo.push(() => locked.delete(ARMED));
  assertHolds(attachments, directory);
  locked.freeze();
  return [...links, object];
}

const ARMED: Locked = { kind: 'ARMED', id: 0 };

/** The links with all that they rest on. */
function toLock(linkIds: readonly number[]): Locked[] {
  return linkIds.flatMap((id): Locked[] => {
    const info = linkInfoById(id);
    if (info === null || (info.type === 'cgroup' && info.defunct)) throw gone(id);
    const { programId } = info;
    const mapIds = native().inventoryProgram(programId)?.mapIds ?? [];
    const attachType = info.type === 'cgroup' ? native().attachTypeNumber(info.attachType) : null;
    return [
      { kind: 'LOCKED_LINK', id },
      { kind: 'LOCKED_PROGRAM', id: programId },
      ...mapIds.map((mapId): Locked => ({ kind: 'LOCKED_MAP', id: mapId })),
      ...(attachType === null ? [] : [{ kind: 'LOCKED_ATTACH_TYPE', id: attachType } as const]),
    ];
  });
}

/** Tries whether the lock holds, while it can still be opened. */
function assertHolds(attachments: readonly CgroupAttachment[], directory: string): void {
  const attempts: [what: string, attempt: () => void][] = [
    [`${directory} can be listed`, () => readdirSync(directory)],
    ...attachments.map(({ linkId }): [string, () => void] => [
      `link ${linkId} can be opened`,
      () => Link.openById(linkId).close(),
    ]),
  ];
  for (const [what, attempt] of attempts) {
    if (isDenied(attempt)) continue;
    throw new BpfError(`the lock does not hold: ${what}`, { code: 'ERR_BPF_NOT_VERIFIED', reason: 'kernel' });
  }
}

function isDenied(attempt: () => void): boolean {
  try {
    attempt();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** include/linux/kdev_t.h: stat(2) gives new_encode_dev(), struct super_block has MKDEV(). */
function kernelDevice(dev: bigint): number {
  const major = (dev & 0xfff00n) >> 8n;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  return Number((major << 20n) | minor);
}

function assertAttachments(attachments: unknown): void {
  const given = Array.isArray(attachments) ? attachments : [];
  const other = given.find((attachment) => !(attachment instanceof CgroupAttachment));
  if (given.length === 0 || other !== undefined) {
    throw wrong('what attachToHook() gave, one at least', other ?? attachments);
  }
}

function wrong(wanted: string, value: unknown): BpfError {
  return new BpfError(`lock() takes ${wanted}, not ${describeValue(value)}`, {
    code: 'ERR_BPF_ARGUMENT',
    reason: 'input',
  });
}

function taken(directory: string): BpfError {
  return new BpfError(`${directory} is there already: what is locked needs a directory of its own`, {
    code: 'EEXIST',
    reason: 'input',
    path: directory,
  });
}

function gone(linkId: number): BpfError {
  return new BpfError(`link ${linkId} is attached to nothing any more, so there is nothing to lock`, {
    code: 'ERR_BPF_CGROUP_GONE',
    reason: 'input',
  });
}
