// Whether what is published works: the packed tarball as a stranger to this folder sees it.
//
// It is looked at by publint and arethetypeswrong, and installed with npm into an empty project elsewhere, where the
// addon is compiled from what the tarball holds, an object is loaded, types are checked and the command is run.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietly, ROOT, say, tool, withNodeHeaders } from './say.mjs';

/** What users need is in, what they do not is out. */
const WANTED = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'binding.gyp',
  'scripts/libbpf.cjs',
  'native/core/object.cc',
  'native/addon/addon.cc',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/main.js',
  'dist/policy.schema.json',
  'dist/testing/index.js',
  'dist/testing/vitest/index.js',
  'dist/bpf/check/canary.bpf.o',
  'dist/bpf/examples/exec_count.bpf.o',
  'bpf/include/bpf_lsm/program.h',
  'bpf/examples/exec_count.bpf.c',
  'bpf/LICENSE.GPL-2.0',
  'examples/testing-in-a-guest/package.json',
  'examples/testing-in-a-guest/test/guard.test.ts',
];
const UNWANTED =
  /^(?:test|native\/test|bench|build|node_modules)\/|^examples\/[^/]+\/(?:build|node_modules)\/|^(?!examples\/).*\.test\.|tsbuildinfo|\.log$/;

const PROGRAM = `
import { readFileSync } from 'node:fs';
import { BpfObject } from 'bpf-lsm';

const counter = BpfObject.open(new URL('node_modules/bpf-lsm/dist/bpf/examples/exec_count.bpf.o', import.meta.url));
const maps = Object.keys(counter.maps).sort().join();
counter.close();

const kinds = await BpfObject.open(readFileSync('kinds.bpf.o')).load();
kinds.programs.copy_kinds.run(new Uint8Array(16));
console.log(maps, kinds.globals.bss_s8);
kinds.close();
`;
const PRINTED = '.bss,events,events_dropped,execs_by_comm -2';

const TYPED = `
import { BpfError, type BpfMap, BpfObject, RingBuffer } from 'bpf-lsm';
import { Vm } from 'bpf-lsm/testing';

interface Shape {
  programs: 'deny';
  maps: { events: { key: never; value: { pid: number } } };
  globals: { limit: number };
}

export async function use(): Promise<number> {
  const open = BpfObject.open<Shape>('deny.bpf.o');
  open.globals.limit = 5;
  // @ts-expect-error: it is a number
  open.globals.limit = 'five';
  using object = await open.load();
  for await (const { pid } of new RingBuffer(object.maps.events)) return pid;
  throw new BpfError('none', { code: 'ENOENT' });
}

export const boot: () => Promise<Vm> = () => Vm.boot({ kernel: '7.3' });
export type { BpfMap };
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [`${ROOT}node_modules/@types`],
  },
};

/** The checks, in the order in which they build on each other: a name and what tells whether it holds. */
export function packageChecks() {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-package-'));
  const project = join(directory, 'project');
  const state = { tarball: '', files: [] };
  const inProject = { cwd: project, env: withNodeHeaders() };
  return {
    checks: [
      ['npm pack', () => pack(directory, state)],
      ['the tarball has what users need, and nothing else', () => filesAreRight(state.files)],
      ['publint', () => quietly(tool('publint'), ['run', state.tarball, '--strict'])],
      [
        'arethetypeswrong',
        () => quietly(tool('attw'), [state.tarball, '--profile', 'esm-only', '--no-color']),
      ],
      ['npm install into an empty project', () => install(project, state.tarball, inProject)],
      [
        'an object of the package is opened there, and another is loaded',
        () => printsWhatItShould(inProject),
      ],
      ['types compile there', () => quietly(tool('tsc'), ['-p', '.'], { cwd: project })],
      ['its command runs there', () => commandRuns(inProject)],
      ['without libbpf the installation says what to install', () => saysWhatIsMissing(inProject)],
      ['without pkg-config too', () => saysThatPkgConfigIsMissing(project)],
    ],
    cleanUp: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function pack(directory, state) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) return complain(stderr);
  const [{ filename, files }] = JSON.parse(stdout);
  state.tarball = join(directory, filename);
  state.files = files.map(({ path }) => path);
  return true;
}

function filesAreRight(files) {
  const missing = WANTED.filter((file) => !files.includes(file));
  const beyond = files.filter((file) => UNWANTED.test(file));
  if (missing.length + beyond.length === 0) return true;
  return complain(
    `missing: ${missing.join(', ') || 'nothing'}; not wanted: ${beyond.join(', ') || 'nothing'}`,
  );
}

function install(project, tarball, options) {
  mkdirSync(project);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, type: 'module' }),
  );
  writeFileSync(join(project, 'program.js'), PROGRAM);
  writeFileSync(join(project, 'typed.ts'), TYPED);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  copyFileSync(`${ROOT}build/test/bpf/kinds.bpf.o`, join(project, 'kinds.bpf.o'));
  return quietly('npm', ['install', '--no-audit', '--no-fund', tarball], options);
}

function printsWhatItShould(options) {
  const { stdout, stderr } = spawnSync(process.execPath, ['program.js'], { ...options, encoding: 'utf8' });
  return stdout.trim() === PRINTED || complain(`${stdout}${stderr}`);
}

function commandRuns(options) {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const { stdout, stderr } = spawnSync('node_modules/.bin/bpf-lsm', ['--version'], {
    ...options,
    encoding: 'utf8',
  });
  return stdout.trim() === version || complain(`${stdout}${stderr}`);
}

/** pkg-config looks nowhere then. What npm shows of a failed installation has to hold the sentence. */
function saysWhatIsMissing({ cwd, env }) {
  // What is built already is not built again.
  rmSync(join(cwd, 'node_modules/bpf-lsm/build'), { recursive: true });
  const { status, stdout, stderr } = spawnSync('npm', ['rebuild', 'bpf-lsm'], {
    cwd,
    env: { ...env, PKG_CONFIG_LIBDIR: cwd, PKG_CONFIG_PATH: '' },
    encoding: 'utf8',
  });
  const said = /needs libbpf 1\.1 or newer with its headers.*apt-get install libbpf-dev/.test(
    stdout + stderr,
  );
  return (status !== 0 && said) || complain(`status ${status}: ${stdout}${stderr}`);
}

function saysThatPkgConfigIsMissing(project) {
  const script = 'node_modules/bpf-lsm/scripts/libbpf.cjs';
  const { status, stderr } = spawnSync(process.execPath, [script, '--cflags'], {
    cwd: project,
    env: { PATH: project },
    encoding: 'utf8',
  });
  const said = /needs pkg-config to find libbpf.*apt-get install libbpf-dev pkg-config/.test(stderr);
  return (status === 1 && said) || complain(`status ${status}: ${stderr}`);
}

function complain(what) {
  say(what.trim());
  return false;
}
