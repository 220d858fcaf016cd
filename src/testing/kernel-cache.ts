import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAptRoot } from './apt-root.js';
import { debianArchives } from './archives.js';
import { VmError } from './errors.js';
import { type KernelPackage, kernelPackages } from './kernel-packages.js';
import { arrangeKernel } from './kernel-unpack.js';
import { type KernelLine, kernelSource } from './kernels.js';
import { withLock } from './lock.js';
import { hostMachine } from './machine.js';
import { cacheDirectory } from './paths.js';
import { needProgram, runProgram } from './programs.js';
import { whenProgramWrote, whenWriting } from './unwritable.js';

/** A kernel in the cache. */
export interface Kernel {
  readonly line: KernelLine;
  /** The Debian package, e.g. `linux-image-6.1.0-56-cloud-amd64`. */
  readonly package: string;
  /** The package's version, e.g. `6.1.192-2`. */
  readonly version: string;
  /** What `uname -r` says in the guest, e.g. `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  /** Where it lies: `vmlinuz`, `config`, `lib/modules/<release>`. */
  readonly directory: string;
}

/** Options of {@link ensureKernel}. */
export interface EnsureKernelOptions {
  /** Told, in one sentence each, what takes time or went another way than wished. */
  readonly onNote?: (note: string) => void;
}

/** The newest of its suite is asked for at most once in this time. */
const DAY = 24 * 60 * 60 * 1000;

interface Checked {
  readonly checked: number;
  readonly directory: string;
}

/**
 * Makes sure that the newest kernel of a line is in the cache (`BPF_LSM_CACHE`, else `bpf-lsm` in
 * `XDG_CACHE_HOME` or `~/.cache`) and returns it. The archive is asked once a day; when it cannot be reached a
 * cached kernel serves. The packages are fetched and verified by an apt of their own and unpacked, never
 * installed. Throws VmError 'NO_KERNEL', 'UNWRITABLE' or 'MISSING_PROGRAM'.
 */
export async function ensureKernel(line: KernelLine, options: EnsureKernelOptions = {}): Promise<Kernel> {
  const home = join(cacheDirectory(), 'kernels', line);
  const fresh = cached(home, DAY);
  if (fresh !== undefined) return fresh;
  return withLock(home, async () => cached(home, DAY) ?? (await refresh(line, home, options.onNote)));
}

async function refresh(
  line: KernelLine,
  home: string,
  onNote: EnsureKernelOptions['onNote'],
): Promise<Kernel> {
  try {
    return await fetchNewest(line, home, onNote);
  } catch (thrown) {
    const error = whenWriting('cache', thrown);
    const old = cached(home, Number.POSITIVE_INFINITY);
    if (old === undefined) throw error;
    const why = error instanceof Error ? error.message : String(error);
    onNote?.(
      `kernel ${line}: the cached ${old.version} is used, since a newer one could not be asked for: ${why}`,
    );
    return old;
  }
}

function cached(home: string, maxAge: number): Kernel | undefined {
  try {
    const state = JSON.parse(readFileSync(join(home, 'checked.json'), 'utf8')) as Checked;
    const age = Date.now() - state.checked;
    if (age > maxAge || age < 0) return undefined;
    return readKernel(join(home, state.directory));
  } catch {
    return undefined;
  }
}

function readKernel(directory: string): Kernel {
  const facts = JSON.parse(readFileSync(join(directory, 'kernel.json'), 'utf8')) as Omit<Kernel, 'directory'>;
  return { ...facts, directory };
}

async function fetchNewest(
  line: KernelLine,
  home: string,
  onNote: EnsureKernelOptions['onNote'],
): Promise<Kernel> {
  const arch = hostMachine().debian;
  const source = kernelSource(line);
  const archives = await debianArchives(source.suite);
  const apt = await openAptRoot(join(cacheDirectory(), 'apt', line), archives, source, arch);
  await apt.update();
  const packages = await kernelPackages(`linux-image-cloud-${arch}`, (name) => apt.show(name));
  const name = `${packages.image.version}-${arch}`;
  const directory = join(home, name);
  if (!existsSync(join(directory, 'kernel.json'))) {
    onNote?.(`kernel ${line}: fetching ${packages.image.name} ${packages.image.version}`);
    const files = packages.all.map((pkg) => `${pkg.name}=${pkg.version}`);
    await build(line, packages.image, directory, (to) => apt.download(files, to));
  }
  const state: Checked = { checked: Date.now(), directory: name };
  await writeFile(join(home, 'checked.json.new'), JSON.stringify(state));
  await rename(join(home, 'checked.json.new'), join(home, 'checked.json'));
  await dropOld(home, name);
  return readKernel(directory);
}

/** Everything is made in a directory of its own and renamed at the end: a kernel is there whole or not at all. */
async function build(
  line: KernelLine,
  image: KernelPackage,
  directory: string,
  download: (dir: string) => Promise<void>,
): Promise<void> {
  const home = join(directory, '..');
  await mkdir(home, { recursive: true });
  const work = await mkdtemp(join(home, 'new-'));
  try {
    const [debs, root, made] = [join(work, 'debs'), join(work, 'root'), join(work, 'made')];
    for (const dir of [debs, root, made]) await mkdir(dir);
    await download(debs);
    await unpack(debs, root);
    const release = await arrangeKernel(root, made);
    const facts: Omit<Kernel, 'directory'> = { line, package: image.name, version: image.version, release };
    await writeFile(join(made, 'kernel.json'), JSON.stringify(facts));
    await rm(directory, { recursive: true, force: true });
    await rename(made, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Unpacking runs no maintainer script, which is all that is wanted of a kernel package. */
async function unpack(debs: string, root: string): Promise<void> {
  const dpkg = needProgram('dpkg-deb');
  for (const name of await readdir(debs)) {
    if (!name.endsWith('.deb')) continue;
    const run = await runProgram(dpkg, ['-x', join(debs, name), root]);
    if (run.code === 0) continue;
    // Its tar says something about every file that is left.
    const why = run.stderr.trim().split('\n').slice(-3).join(' ');
    throw (
      whenProgramWrote('cache', run.stderr) ??
      new VmError('NO_KERNEL', `dpkg-deb cannot unpack ${name}, which was fetched: ${why}`)
    );
  }
}

/** The kernel before the newest stays, for guests that run it; older ones, and the remains of a killed run, go. */
async function dropOld(home: string, current: string): Promise<void> {
  const others: string[] = [];
  for (const entry of await readdir(home, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === current) continue;
    const kernel = await readFile(join(home, entry.name, 'kernel.json')).catch(() => undefined);
    if (kernel === undefined) await rm(join(home, entry.name), { recursive: true, force: true });
    else others.push(entry.name);
  }
  others.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  for (const name of others.slice(0, -1)) await rm(join(home, name), { recursive: true, force: true });
}

/** One line that names a kernel: `kernel 7.3: linux-image-7.3.4+deb13-cloud-amd64 7.3.4-1~bpo13+1`. */
export function describeKernel(kernel: Kernel): string {
  return `kernel ${kernel.line}: ${kernel.package} ${kernel.version}`;
}
