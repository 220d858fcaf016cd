import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { VmError } from './errors.js';
import { findProgram, needProgram, runProgram } from './programs.js';

const DECOMPRESSORS: Readonly<Record<string, readonly string[]>> = {
  xz: ['xz', '-dc'],
  zst: ['zstd', '-dqc'],
  gz: ['gzip', '-dc'],
};

/** Writes the decompressed content of a file, by its suffix; a file without a known suffix is copied. */
export async function decompress(file: string, target: string): Promise<void> {
  const [program, ...args] = DECOMPRESSORS[file.slice(file.lastIndexOf('.') + 1)] ?? [];
  if (program === undefined) return copyFile(file, target);
  const run = await runProgram(needProgram(program), [...args, file]);
  if (run.code !== 0) throw new VmError('NO_KERNEL', `${program} cannot read ${file}: ${run.stderr.trim()}`);
  await writeFile(target, run.stdout);
}

/** Feeds `input` to a decompressor and writes what it gives to `target`; false when it fails. */
export async function decompressTo(
  command: readonly string[],
  input: Buffer,
  target: string,
): Promise<boolean> {
  const [program = '', ...args] = command;
  const path = findProgram(program);
  if (path === undefined) return false;
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<boolean>((resolve) => {
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await pipeline(child.stdout, createWriteStream(target));
  return ended;
}
