// The core's own tests, and its fuzz targets, under sanitizers.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietly, ROOT } from '../say.mjs';
import { compileFuzzed, compileSanitized, FUZZED, SANITIZED, tracked } from './builds.mjs';
import { failure, tally } from './tally.mjs';

// Inputs for each fuzz target: always the same ones, so that a run means the same everywhere.
const FUZZ_RUNS = 100_000;

export function core() {
  if (!compileSanitized()) return failure('the build with sanitizers');
  return tally([
    ...executables('native/test/*_test.cc').map((name) => [
      name,
      () => quietly(`${ROOT}${SANITIZED}/${name}`, []),
    ]),
    ['fuzz targets: build', compileFuzzed],
    ...executables('native/test/fuzz_*.cc').map((name) => [name, () => fuzz(name)]),
  ]);
}

function executables(pattern) {
  return tracked(pattern).map((file) => file.replace(/^.*\/|\.cc$/g, ''));
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
