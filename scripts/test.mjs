// The whole suite: sets up what is missing, then style, the core's own tests and fuzz targets under sanitizers, unit
// tests, tests of the addon (plain and under sanitizers), the benchmarks with next to nothing to do, and the tests inside
// guests, kernel by kernel.
//
//   npm test
//   npm test -- --stage unit --stage vm-7.3       some of it
//   npm test -- --list                            what there is
//
// The last line says how many checks and tests passed and failed.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageChecks } from './package.mjs';
import { openly, quietly, ROOT, say, tool, withNodeHeaders } from './say.mjs';
import { setUp } from './setup.mjs';
import { TYPES } from './types.mjs';

const KERNELS = ['6.1', '6.12', '7.3'];
const SANITIZED = 'build-sanitize';
const FUZZED = 'build-fuzz';
// Inputs for each fuzz target: always the same ones, so that a run means the same everywhere.
const FUZZ_RUNS = 100_000;

const STAGES = new Map([
  ['style', style],
  ['core', core],
  ['unit', () => vitest('unit')],
  ['native', () => vitest('native')],
  ['sanitized', sanitized],
  ['bench', bench],
  ['package', packaged],
  ['guests', () => vitest('guests')],
  ...KERNELS.map((line) => [`vm-${line}`, () => vitest(`vm-${line}`)]),
]);

const { values } = parseArgs({
  options: {
    stage: { type: 'string', multiple: true },
    list: { type: 'boolean' },
  },
});

if (values.list) {
  process.stdout.write(`${[...STAGES.keys()].join('\n')}\n`);
} else {
  process.exitCode = await runStages(values.stage ?? [...STAGES.keys()]);
}

async function runStages(names) {
  const unknown = names.filter((name) => !STAGES.has(name));
  if (unknown.length > 0) {
    say(`There is no stage ${unknown.join(', ')}; there are ${[...STAGES.keys()].join(', ')}.`);
    return 2;
  }
  const kernels = names.includes('guests') ? KERNELS : KERNELS.filter((line) => names.includes(`vm-${line}`));
  await setUp({ guests: kernels, tests: true });

  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    const started = process.hrtime.bigint();
    say(`\n== ${name}`);
    const { passed, failed } = await STAGES.get(name)();
    total.passed += passed;
    total.failed += failed;
    const seconds = Number((process.hrtime.bigint() - started) / 1_000_000_000n);
    say(`== ${name}: ${passed} passed, ${failed} failed in ${seconds} s`);
  }
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

/** Counts each check as one: a name and whether it holds. */
function tally(checks) {
  const result = { passed: 0, failed: 0 };
  for (const [name, holds] of checks) {
    const ok = holds();
    say(`  ${ok ? 'ok  ' : 'FAIL'}  ${name}`);
    result[ok ? 'passed' : 'failed']++;
  }
  return result;
}

function style() {
  const cpp = tracked('native/*.cc', 'native/*.h');
  const c = [
    ...cpp,
    ...tracked('bpf/*.c', 'bpf/*.h', 'examples/*.c', 'test/fixtures/*.c', 'bench/*.c', 'bench/*.h'),
  ];
  return tally([
    [
      'biome: format and lint of TypeScript and JSON',
      () => quietly(tool('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']),
    ],
    ['tsc: types of library and tests', () => quietly(tool('tsc'), ['-p', 'tsconfig.json'])],
    ['tsc: types of the examples', () => quietly(tool('tsc'), ['-p', 'tsconfig.examples.json', '--noEmit'])],
    ['bpf-lsm types: the types in the repository are those of the objects', typesAreCommitted],
    [
      'dependency-cruiser: which room imports which',
      () => quietly(tool('depcruise'), ['src', '--config', '.dependency-cruiser.cjs']),
    ],
    ['typedoc: every export is documented, and no link is broken', () => quietly(tool('typedoc'), [])],
    ['clang-format: C and C++', () => quietly('clang-format', ['--dry-run', '-Werror', ...c])],
    ['clang-tidy: C++', () => compileSanitized() && clangTidy(cpp.filter((file) => file.endsWith('.cc')))],
  ]);
}

/** The build has written them; what git does not know yet, or has otherwise, was forgotten. */
function typesAreCommitted() {
  const unknown = execFileSync('git', ['ls-files', '--others', '--exclude-standard', '--', ...TYPES], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (unknown !== '') say(`    not in the repository: ${unknown.trim().split('\n').join(', ')}`);
  return quietly('git', ['diff', '--exit-code', '--', ...TYPES]) && unknown === '';
}

function clangTidy(files) {
  // Two at a time; -quiet leaves nothing but findings.
  const list = files.join('\0');
  return quietly('xargs', ['-0', '-n', '3', '-P', '2', 'clang-tidy', '--quiet', '-p', SANITIZED], {
    input: list,
  });
}

function tracked(...patterns) {
  return execFileSync('git', ['ls-files', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}

/** The second build of the addon: with AddressSanitizer and UndefinedBehaviorSanitizer, and the core's tests. */
function compileSanitized() {
  return quietly(tool('cmake-js'), ['compile', '--out', SANITIZED, '--CDSANITIZE=ON'], {
    env: withNodeHeaders(),
  });
}

function core() {
  if (!compileSanitized()) return { passed: 0, failed: 1 };
  const names = tracked('native/test/*_test.cc').map((file) => file.replace(/^.*\/|\.cc$/g, ''));
  const tests = tally(names.map((name) => [name, () => quietly(`${ROOT}${SANITIZED}/${name}`, [])]));
  const targets = tracked('native/test/fuzz_*.cc').map((file) => file.replace(/^.*\/|\.cc$/g, ''));
  const fuzzed = tally([
    ['fuzz targets: build', compileFuzzed],
    ...targets.map((name) => [name, () => fuzz(name)]),
  ]);
  return { passed: tests.passed + fuzzed.passed, failed: tests.failed + fuzzed.failed };
}

/** A third build, of the core alone and by clang: with libFuzzer and the sanitizers. */
function compileFuzzed() {
  const configure = ['-S', ROOT, '-B', `${ROOT}${FUZZED}`, '-G', 'Ninja', '-DFUZZ=ON'];
  return (
    quietly('cmake', [...configure, '-DCMAKE_CXX_COMPILER=clang++']) &&
    quietly('cmake', ['--build', `${ROOT}${FUZZED}`])
  );
}

/**
 * Runs a fuzz target for a fixed number of inputs, beginning with those in native/test/seeds/NAME where there are any.
 * An input that fails is kept in the folder of the build.
 */
function fuzz(name) {
  const found = mkdtempSync(join(tmpdir(), 'bpf-lsm-fuzz-'));
  const seeds = `${ROOT}native/test/seeds/${name}`;
  try {
    return quietly(`${ROOT}${FUZZED}/${name}`, [
      `-runs=${FUZZ_RUNS}`,
      '-seed=1',
      '-len_control=0',
      `-artifact_prefix=${ROOT}${FUZZED}/`,
      found,
      ...(existsSync(seeds) ? [seeds] : []),
    ]);
  } finally {
    rmSync(found, { recursive: true });
  }
}

async function sanitized() {
  if (!compileSanitized()) return { passed: 0, failed: 1 };
  const preload = ['libasan.so', 'libubsan.so'].map(gccLibrary).join(':');
  return vitest('native', {
    BPF_LSM_ADDON: `${ROOT}${SANITIZED}/Release/bpf_lsm.node`,
    BPF_LSM_SANITIZED: '1',
    LD_PRELOAD: preload,
    // Node does not free everything when it ends at once; leaks of the core are looked for by its own tests.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  });
}

/** Every benchmark does its work, a little of it; how long it takes is nobody's business here. */
function bench() {
  const args = ['bench/run.mjs', '--json', '--rounds', '1', '--size', '0.001', '--peers', 'c,js'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) say(stderr);
  const results = status === 0 ? JSON.parse(stdout).results.filter(({ skipped }) => !skipped) : [];
  const isMeasured = ({ cpu, wall, units }) => [cpu.median, wall.median, units].every(Number.isFinite);
  return tally([
    ['the benchmarks run', () => status === 0],
    ...results.map(({ name, peers }) => [name, () => Object.values(peers).every(isMeasured)]),
  ]);
}

function packaged() {
  const { checks, cleanUp } = packageChecks();
  try {
    return tally(checks);
  } finally {
    cleanUp();
  }
}

function gccLibrary(name) {
  return spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
}

/** Runs one project of vitest.config.ts. */
async function vitest(project, env = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-test-'));
  const report = join(directory, 'report.json');
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const status = await openly(tool('vitest'), args, { env: { ...process.env, ...env } });
  const counts = existsSync(report)
    ? countTests(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0 };
  rmSync(directory, { recursive: true });
  // A file that could not be run at all, or a runner that died, is a failure too.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function countTests({ numPassedTests, numFailedTests, testResults }) {
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}
