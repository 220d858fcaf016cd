import { mkdirSync, rmdirSync } from 'node:fs';

let made = 0;

/**
 * Makes a directory and removes it again: `0`, or the name of the errno that mkdir(2) gave. On a tmpfs: overlayfs asks
 * the hooks a second time, for the file system below it.
 */
export function tryMkdir(): string {
  const path = `/dev/shm/bpf-lsm-mkdir-${process.pid}-${made++}`;
  try {
    mkdirSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  rmdirSync(path);
  return '0';
}
