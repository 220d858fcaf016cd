import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, isAbsolute, normalize } from 'node:path';
import { BpfError } from '../errors.js';

// include/uapi/linux/magic.h BPF_FS_MAGIC
const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * Makes sure that `path` can be a pin: absolute, on a bpffs, its directories there (made with mode 0700, since
 * whoever can open a pin can use what it pins).
 */
export function preparePinPath(path: string): string {
  if (typeof path !== 'string' || !isAbsolute(path)) {
    throw new BpfError(`a pin path must be absolute, and this is ${JSON.stringify(path)}`, {
      code: 'ERR_BPF_ARGUMENT',
      reason: 'input',
      path: String(path),
      hint: 'use a path such as /sys/fs/bpf/my-policy/link',
    });
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
  mkdirSync(dirname(pin), { recursive: true, mode: 0o700 });
  return pin;
}

function nearestExisting(directory: string): string {
  return existsSync(directory) ? directory : nearestExisting(dirname(directory));
}
