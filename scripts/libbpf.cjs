// Prints the compiler or linker flags of the system's libbpf for binding.gyp, or says what is missing.
const { spawnSync } = require('node:child_process');

const OLDEST = '1.1';
const FIX =
  'install it with: apt-get install libbpf-dev pkg-config (Debian, Ubuntu) or dnf install libbpf-devel pkgconf (Fedora)';

function pkgConfig(...args) {
  const result = spawnSync('pkg-config', args, { encoding: 'utf8' });
  if (result.error)
    fail(`bpf-lsm needs pkg-config to find libbpf, and it could not be run (${result.error.code})`);
  return result;
}

function fail(what) {
  process.stderr.write(`\n${what}; ${FIX}.\n\n`);
  process.exit(1);
}

if (pkgConfig('--exists', 'libbpf').status !== 0) {
  fail(`bpf-lsm needs libbpf ${OLDEST} or newer with its headers, and pkg-config does not find libbpf`);
}
if (pkgConfig(`--atleast-version=${OLDEST}`, 'libbpf').status !== 0) {
  const version = pkgConfig('--modversion', 'libbpf').stdout.trim();
  fail(`bpf-lsm needs libbpf ${OLDEST} or newer, and this is libbpf ${version}`);
}
process.stdout.write(pkgConfig(process.argv[2], 'libbpf').stdout.trim());
