import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel } from './kernel-cache.js';

/** The file QEMU boots: the uncompressed kernel where there is one. */
export function kernelImage(kernel: Kernel): string {
  const plain = join(kernel.directory, 'vmlinux');
  return existsSync(plain) ? plain : join(kernel.directory, 'vmlinuz');
}
