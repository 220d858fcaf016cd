// Compiles the BPF programs and the C programs of the tests.
//
//   bpf/**/*.bpf.c              ->  dist/bpf/**/*.bpf.o        shipped
//   test/fixtures/bpf/*.bpf.c   ->  build/test/bpf/*.bpf.o
//   bench/bpf/*.bpf.c           ->  build/bench/bpf/*.bpf.o
//   test/fixtures/*.c           ->  build/test/*               for this machine
//
// The objects fit any kernel from 6.1 on: kernel types are looked up in the running kernel's BTF when a program is
// loaded, so none is needed here. Only what is older than its source, the headers or this script is compiled.

import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SELF = fileURLToPath(import.meta.url);
const ROOT = join(dirname(SELF), '..');
const JOBS = 2;
const OLDEST_CLANG = 14;
const NEWEST_CLANG = 30;

const ARCHITECTURES = {
  x64: { target: 'x86', multiarch: 'x86_64-linux-gnu' },
  arm64: { target: 'arm64', multiarch: 'aarch64-linux-gnu' },
};

/** Something the person who builds has to put right; its message is one sentence that says how. */
export class BuildError extends Error {
  name = 'BuildError';
}

/**
 * Builds what is out of date.
 *
 * @returns {Promise<{ built: string[], upToDate: string[] }>} output paths, relative to the project
 */
export async function buildBpf() {
  const headers = [...(await filesBelow('bpf', '.h')), ...(await filesIn('test/fixtures', '.h'))];
  const newestInput = await newestTime([SELF, ...headers.map(absolute)]);
  const targets = [
    ...(await filesBelow('bpf', '.bpf.c')).map((source) => bpfTarget(source, 'bpf', 'dist/bpf')),
    ...(await filesBelow('test/fixtures/bpf', '.bpf.c')).map((source) =>
      bpfTarget(source, 'test/fixtures/bpf', 'build/test/bpf'),
    ),
    ...(await filesBelow('bench/bpf', '.bpf.c')).map((source) =>
      bpfTarget(source, 'bench/bpf', 'build/bench/bpf'),
    ),
    ...(await filesIn('test/fixtures', '.c')).map(hostTarget),
  ];

  const stale = [];
  const upToDate = [];
  for (const target of targets) {
    ((await isUpToDate(target, newestInput)) ? upToDate : stale).push(target);
  }

  const tools = await findTools(stale);
  await inParallel(stale, JOBS, (target) => target.compile(target, tools));
  return { built: stale.map(output), upToDate: upToDate.map(output) };
}

const output = (target) => target.output;
const absolute = (path) => join(ROOT, path);

function bpfTarget(source, from, to) {
  return { source, output: join(to, relative(from, source).replace(/\.c$/, '.o')), compile: compileBpf };
}

function hostTarget(source) {
  return { source, output: join('build/test', basename(source, '.c')), compile: compileForHost };
}

async function compileBpf({ source, output }, { clang, strip }) {
  const { target, multiarch } = architecture();
  await replaceFile(output, async (temporary) => {
    await compile(clang, [
      ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-std=gnu11'],
      // A hook's parameters are the kernel's choice, so a program need not use them all.
      ...['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'],
      `-D__TARGET_ARCH_${target}`,
      // Relative names, so that equal sources give equal objects wherever they are built.
      ...['-fdebug-compilation-dir=.', `-ffile-prefix-map=${ROOT}=.`],
      ...['-I', 'bpf/include'],
      // asm/types.h: clang leaves the machine's directory out when it compiles for another target.
      ...(existsSync(`/usr/include/${multiarch}`) ? ['-isystem', `/usr/include/${multiarch}`] : []),
      ...['-c', source, '-o', temporary],
    ]);
    // DWARF goes, BTF stays.
    await run(strip, ['-g', temporary], { cwd: ROOT });
  });
}

async function compileForHost({ source, output }, { cc }) {
  await replaceFile(output, (temporary) =>
    compile(cc, [
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      `-ffile-prefix-map=${ROOT}=.`,
      source,
      '-o',
      temporary,
    ]),
  );
}

/** A build that is interrupted leaves no half-written file under the real name. */
async function replaceFile(path, write) {
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(absolute(dirname(path)), { recursive: true });
  try {
    await write(temporary);
    await rename(absolute(temporary), absolute(path));
  } finally {
    await rm(absolute(temporary), { force: true });
  }
}

async function compile(compiler, args) {
  try {
    await run(compiler, args, { cwd: ROOT });
  } catch (error) {
    const missing = /fatal error: '?(bpf|linux|asm)\/\S+?'?(?: file not found|: No such file)/.exec(
      error.stderr,
    )?.[1];
    if (missing === 'bpf') {
      throw new BuildError(
        'The headers of libbpf are missing: install them (Debian: apt install libbpf-dev).',
      );
    }
    if (missing) {
      throw new BuildError(
        `The kernel's ${missing}/ headers are missing: install them (Debian: apt install linux-libc-dev).`,
      );
    }
    throw new BuildError((error.stderr || error.message).trimEnd());
  }
}

function architecture() {
  const found = ARCHITECTURES[process.arch];
  if (!found) {
    throw new BuildError(
      `BPF programs are built on ${Object.keys(ARCHITECTURES).join(' or ')}, not on ${process.arch}.`,
    );
  }
  return found;
}

/** Only the tools that the stale targets need: without stale ones, no compiler has to be installed. */
async function findTools(stale) {
  const tools = {};
  if (stale.some((target) => target.compile === compileBpf)) {
    tools.clang = await findClang();
    tools.strip = await findStrip(tools.clang);
  }
  if (stale.some((target) => target.compile === compileForHost)) tools.cc = await findCc();
  return tools;
}

async function findClang() {
  const chosen = process.env.CLANG;
  if (chosen) {
    const version = await clangVersion(chosen);
    if (version >= OLDEST_CLANG) return chosen;
    throw new BuildError(
      `CLANG is set to ${chosen}, which is not clang ${OLDEST_CLANG} or newer: set it to one, or unset it.`,
    );
  }
  for (const candidate of ['clang', ...numbered('clang')]) {
    if ((await clangVersion(candidate)) >= OLDEST_CLANG) return candidate;
  }
  throw new BuildError(
    `clang ${OLDEST_CLANG} or newer was not found: install it (Debian: apt install clang llvm), or set CLANG to its path.`,
  );
}

/** The major version; 0 when there is no such clang. */
async function clangVersion(clang) {
  const text = await firstLine(clang, ['--version']);
  return Number(/clang version (\d+)/.exec(text)?.[1] ?? 0);
}

async function findStrip(clang) {
  const chosen = process.env.LLVM_STRIP;
  const besideClang = await firstLine(clang, ['-print-prog-name=llvm-strip']);
  const candidates = chosen ? [chosen] : [besideClang, 'llvm-strip', ...numbered('llvm-strip')];
  for (const candidate of candidates) {
    if (candidate && (await firstLine(candidate, ['--version']))) return candidate;
  }
  if (chosen)
    throw new BuildError(`LLVM_STRIP is set to ${chosen}, which does not run: correct it, or unset it.`);
  throw new BuildError(
    'llvm-strip was not found: install it (Debian: apt install llvm), or set LLVM_STRIP to its path.',
  );
}

async function findCc() {
  const chosen = process.env.CC;
  for (const candidate of chosen ? [chosen] : ['cc', 'gcc', 'clang']) {
    if (await firstLine(candidate, ['--version'])) return candidate;
  }
  if (chosen) throw new BuildError(`CC is set to ${chosen}, which does not run: correct it, or unset it.`);
  throw new BuildError(
    'No C compiler was found: install one (Debian: apt install gcc), or set CC to its path.',
  );
}

/** name-30 ... name-14, as distributions install versions side by side. */
function numbered(name) {
  return Array.from({ length: NEWEST_CLANG - OLDEST_CLANG + 1 }, (_, i) => `${name}-${NEWEST_CLANG - i}`);
}

/** What a command prints first; empty when it does not run. */
async function firstLine(command, args) {
  try {
    const { stdout } = await run(command, args);
    return stdout.split('\n').find((line) => line.trim()) ?? '';
  } catch {
    return '';
  }
}

async function isUpToDate(target, newestInput) {
  const built = await modificationTime(absolute(target.output));
  const source = await modificationTime(absolute(target.source));
  return built > Math.max(source, newestInput);
}

async function newestTime(paths) {
  return Math.max(...(await Promise.all(paths.map(modificationTime))));
}

/** 0 when there is no such file. */
async function modificationTime(path) {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

/** Relative paths, sorted; none when there is no such folder. */
async function filesIn(folder, ending) {
  if (!existsSync(absolute(folder))) return [];
  const names = await readdir(absolute(folder));
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

async function filesBelow(folder, ending) {
  if (!existsSync(absolute(folder))) return [];
  const names = await readdir(absolute(folder), { recursive: true });
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** After a failure nothing new is started, and what runs is waited for. */
async function inParallel(items, jobs, work) {
  const queue = [...items];
  let failure;
  const worker = async () => {
    while (queue.length > 0 && !failure) {
      try {
        await work(queue.shift());
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (failure) throw failure;
}

async function main() {
  try {
    const { built, upToDate } = await buildBpf();
    for (const path of built) console.log(path);
    console.log(`${built.length} built, ${upToDate.length} up to date`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === SELF) await main();
