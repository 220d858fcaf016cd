import { mkdirSync, rmdirSync } from 'node:fs';

let made = 0;

/** Makes a directory and removes it again: `0`, or the name of the errno that mkdir(2) gave. */
export function tryMkdir(): string {
  const path = `/tmp/bpf-lsm-mkdir-${process.pid}-${made++}`;
  try {
    mkdirSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  rmdirSync(path);
  return '0';
}
