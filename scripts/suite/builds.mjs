// The other builds of native code, beside the one that node-gyp makes: with sanitizers, and with fuzz targets.

import { execFileSync, spawnSync } from 'node:child_process';
import { quietly, ROOT, tool, withNodeHeaders } from '../say.mjs';

export const SANITIZED = 'build-sanitize';
export const FUZZED = 'build-fuzz';

/** The addon with AddressSanitizer and UndefinedBehaviorSanitizer, and the core's tests. */
export function compileSanitized() {
  return quietly(tool('cmake-js'), ['compile', '--out', SANITIZED, '--CDSANITIZE=ON'], {
    env: withNodeHeaders(),
  });
}

/** The core alone and by clang: with libFuzzer and the sanitizers. */
export function compileFuzzed() {
  const configure = ['-S', ROOT, '-B', `${ROOT}${FUZZED}`, '-G', 'Ninja', '-DFUZZ=ON'];
  return (
    quietly('cmake', [...configure, '-DCMAKE_CXX_COMPILER=clang++']) &&
    quietly('cmake', ['--build', `${ROOT}${FUZZED}`])
  );
}

/** What the addon needs to run under the sanitizers. */
export function sanitizers() {
  return {
    BPF_LSM_ADDON: `${ROOT}${SANITIZED}/Release/bpf_lsm.node`,
    BPF_LSM_SANITIZED: '1',
    LD_PRELOAD: ['libasan.so', 'libubsan.so'].map(gccLibrary).join(':'),
    // Node does not free everything when it ends at once; leaks of the core are looked for by its own tests.
    ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}

function gccLibrary(name) {
  return spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
}

/** The files git knows, by patterns. */
export function tracked(...patterns) {
  return execFileSync('git', ['ls-files', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}
