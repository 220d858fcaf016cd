import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, isAbsolute, normalize } from 'node:path';
import { describeValue } from '../btf/index.js';
import { BpfError, usualReason } from '../errors.js';

// include/uapi/linux/magic.h BPF_FS_MAGIC
const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * Makes sure that `path` can be a pin: absolute, on a bpffs, its directories there (made with mode 0700, since
 * whoever can open a pin can use what it pins).
 */
export function preparePinPath(path: string): string {
  if (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0')) {
    const hint = 'use a path such as /sys/fs/bpf/my-policy/link';
    throw badPath(`a pin path must be absolute, and this is ${describeValue(path)}`, path, hint);
  }
  const pin = normalize(path);
  const existing = nearestExisting(dirname(pin));
  // statfs's f_type is a signed long on some architectures.
  if (statfsSync(existing).type >>> 0 !== BPF_FS_MAGIC) {
    throw new BpfError(`cannot pin to ${pin}: ${existing} is not on a bpffs`, {
      code: 'ERR_BPF_NOT_BPFFS',
      reason: 'input',
      path: pin,
      hint: 'mount one with: mount -t bpf bpf /sys/fs/bpf -o mode=0700',
    });
  }
  // kernel/bpf/inode.c bpf_lookup() answers EPERM, which says nothing.
  if (pin.slice(existing.length).includes('.')) {
    throw badPath(`cannot pin to ${pin}: names on a bpffs have no dots`, pin, 'use dashes instead');
  }
  makeDirectory(dirname(pin));
  return pin;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code = 'EIO', errno, message } = cause as NodeJS.ErrnoException;
    throw new BpfError(`cannot make the directory of a pin: ${message}`, {
      code,
      reason: usualReason(code),
      errno,
      syscall: 'mkdir',
      path,
      cause,
    });
  }
}

function badPath(message: string, path: unknown, hint: string): BpfError {
  const told = typeof path === 'string' ? path : undefined;
  return new BpfError(message, { code: 'ERR_BPF_ARGUMENT', reason: 'input', path: told, hint });
}

function nearestExisting(directory: string): string {
  return existsSync(directory) ? directory : nearestExisting(dirname(directory));
}
