import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from './decompress.js';
import { VmError } from './errors.js';
import { bootModules, insertionOrder, moduleName } from './modules.js';
import { findProgram, needProgram, runProgram } from './programs.js';
import { extractPayload } from './vmlinux.js';

/**
 * Turns the unpacked packages under `root` into a kernel directory: `vmlinuz`, `vmlinux` (where it can be
 * extracted), `config`, `lib/modules/<release>` with depmod's files, and `boot/NN-name.ko`, the modules to insert
 * before the root file system is there, decompressed and in order. Returns the release (`uname -r`).
 */
export async function arrangeKernel(root: string, dir: string): Promise<string> {
  const { path: modules, release } = await findModules(root);
  await mkdir(join(dir, 'lib/modules'), { recursive: true });
  const target = join(dir, 'lib/modules', release);
  await rename(modules, target);
  // Since 7.3 these two are in the modules directory, before in /boot.
  await copyFirst([join(root, 'boot', `vmlinuz-${release}`), join(target, 'vmlinuz')], join(dir, 'vmlinuz'));
  await copyFirst([join(root, 'boot', `config-${release}`), join(target, 'config')], join(dir, 'config'));
  await rm(join(target, 'vmlinuz'), { force: true });
  await runDepmod(dir, release);
  await copyBootModules(target, join(dir, 'boot'));
  await extractPayload(join(dir, 'vmlinuz'), join(dir, 'vmlinux'));
  return release;
}

async function findModules(root: string): Promise<{ path: string; release: string }> {
  for (const parent of ['usr/lib/modules', 'lib/modules']) {
    const names = await readdir(join(root, parent)).catch(() => []);
    const release = names[0];
    if (release !== undefined) return { path: join(root, parent, release), release };
  }
  throw new VmError('NO_KERNEL', 'The kernel packages hold no modules directory.');
}

async function copyFirst(candidates: readonly string[], target: string): Promise<void> {
  for (const candidate of candidates) {
    if (await stat(candidate).catch(() => undefined)) return copyFile(candidate, target);
  }
  throw new VmError('NO_KERNEL', `The kernel packages hold none of ${candidates.join(', ')}.`);
}

/** Debian's packages leave modules.dep to the installation; without kmod busybox makes it too. */
async function runDepmod(dir: string, release: string): Promise<void> {
  const depmod = findProgram('depmod');
  const command = depmod === undefined ? [needProgram('busybox'), 'depmod'] : [depmod];
  const [file = '', ...args] = [...command, '-b', dir, release];
  const run = await runProgram(file, args);
  if (run.code !== 0)
    throw new VmError('NO_KERNEL', `depmod failed for kernel ${release}: ${run.stderr.trim()}`);
}

async function copyBootModules(modules: string, target: string): Promise<void> {
  await mkdir(target);
  const text = (name: string): Promise<string> => readFile(join(modules, name), 'utf8');
  const order = insertionOrder(bootModules, await text('modules.dep'), await text('modules.builtin'));
  for (const [index, path] of order.entries()) {
    const name = `${String(index).padStart(2, '0')}-${moduleName(path)}.ko`;
    await decompress(join(modules, path), join(target, name));
  }
}
