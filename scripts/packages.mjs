// Which system packages a Debian or Ubuntu machine needs, and how to tell that they are there.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter } from 'node:path';
import { giveUp, say } from './say.mjs';

const PATH = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
const QEMU = {
  x64: ['qemu-system-x86_64', 'qemu-system-x86'],
  arm64: ['qemu-system-aarch64', 'qemu-system-arm'],
};

const command = (name) => () => PATH.some((directory) => existsSync(`${directory}/${name}`));
const file =
  (...paths) =>
  () =>
    paths.some((path) => existsSync(path));
const family = (name) => () =>
  PATH.some(
    (directory) =>
      existsSync(directory) &&
      readdirSync(directory).some((entry) => entry === name || entry.startsWith(`${name}-`)),
  );
const library = (name) => () => spawnSync('pkg-config', ['--exists', name]).status === 0;

const [qemu, qemuPackage] = QEMU[process.arch] ?? QEMU.x64;

// What guests and boxes both need.
const VIRTUAL_MACHINE = { there: command(qemu), package: qemuPackage };
const XZ = { there: command('xz'), package: 'xz-utils' };
const KEYRING = {
  there: file('/usr/share/keyrings/debian-archive-keyring.gpg'),
  package: 'debian-archive-keyring',
};
const MMDEBSTRAP = { there: command('mmdebstrap'), package: 'mmdebstrap' };

/** For building: the addon and the BPF programs. */
export const BUILD = [
  { there: command('g++'), package: 'g++' },
  { there: command('make'), package: 'make' },
  { there: command('python3'), package: 'python3' },
  { there: command('pkg-config'), package: 'pkg-config' },
  { there: library('libbpf'), package: 'libbpf-dev' },
  { there: family('clang'), package: 'clang' },
  { there: family('llvm-strip'), package: 'llvm' },
];

/** For guests: QEMU, the sharing of files, and what an initrd is made of. */
export const GUEST = [
  VIRTUAL_MACHINE,
  {
    // QEMU 7.2 and older bring a virtiofsd of their own; later it is a package by itself.
    there: file('/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'),
    package: 'virtiofsd',
    instead: 'qemu-system-common',
  },
  { there: file('/bin/busybox', '/usr/bin/busybox'), package: 'busybox-static' },
  { there: command('depmod'), package: 'kmod' },
  XZ,
  { there: command('unshare'), package: 'util-linux' },
  KEYRING,
  // An ordinary user's guest needs a range of user ids of its own.
  ...(process.getuid() === 0 ? [] : [{ there: command('newuidmap'), package: 'uidmap' }]),
  MMDEBSTRAP,
];

/** For the Vagrant machine: libvirt and its provider, and what a box is made of. */
export const VAGRANT = [
  { there: command('vagrant'), package: 'vagrant' },
  {
    there: file(
      '/usr/share/doc/vagrant-libvirt',
      '/usr/share/rubygems-integration/all/specifications/vagrant-libvirt.gemspec',
    ),
    package: 'vagrant-libvirt',
  },
  // Without -sysv apt takes the one for systemd, and upgrades what is there of it.
  ...(existsSync('/run/systemd/system')
    ? []
    : [{ there: file('/usr/share/doc/libvirt-daemon-system-sysv'), package: 'libvirt-daemon-system-sysv' }]),
  { there: command('libvirtd'), package: 'libvirt-daemon-system' },
  { there: command('virsh'), package: 'libvirt-clients' },
  { there: command('dnsmasq'), package: 'dnsmasq-base' },
  { there: command('iptables'), package: 'iptables' },
  VIRTUAL_MACHINE,
  { there: command('qemu-img'), package: 'qemu-utils' },
  { there: command('rsync'), package: 'rsync' },
  { there: command('ssh'), package: 'openssh-client' },
  MMDEBSTRAP,
  KEYRING,
  { there: command('mkfs.ext4'), package: 'e2fsprogs' },
  { there: command('cpio'), package: 'cpio' },
  XZ,
];

/** What fuzz targets are linked with: since Debian 12 a package by itself, named after clang's version. */
const CLANG_RUNTIME = {
  there: fuzzes,
  get package() {
    return clangRuntime(clangVersion());
  },
  get instead() {
    return `libclang-common-${clangVersion()}-dev`;
  },
};

/** For the test suite: style tools, the sanitizer build, and the peers that results are compared with. */
export const TEST = [
  { there: command('clang-format'), package: 'clang-format' },
  { there: command('clang-tidy'), package: 'clang-tidy' },
  { there: command('cmake'), package: 'cmake' },
  { there: command('ninja'), package: 'ninja-build' },
  CLANG_RUNTIME,
  { there: command('setpriv'), package: 'util-linux' },
  { there: command('bpftool'), package: 'bpftool', instead: 'linux-tools-common' },
];

/** Whether clang can link a fuzz target. */
function fuzzes() {
  const source = 'int LLVMFuzzerTestOneInput(const char* data, long size) { return data && size < 0; }';
  const args = ['-fsanitize=fuzzer,address', '-x', 'c', '-', '-o', '/dev/null'];
  return spawnSync('clang', args, { input: source, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

function clangRuntime(version) {
  return `libclang-rt-${version}-dev`;
}

function clangVersion() {
  return spawnSync('clang', ['-dumpversion'], { encoding: 'utf8' }).stdout?.split('.')[0];
}

/** The packages for building and testing by name, on a machine whose clang is of that version. */
export function packageNames(clang) {
  const names = [...BUILD, ...TEST].map((entry) =>
    entry === CLANG_RUNTIME ? clangRuntime(clang) : entry.package,
  );
  return [...new Set(names)];
}

/** Installs what is missing, by apt, as root or through sudo. */
export function installMissing(wanted) {
  const missing = wanted.filter(({ there }) => !there());
  if (missing.length === 0) return;
  const names = missing.map((entry) => entry.package);
  if (!command('apt-get')()) {
    giveUp(
      `This machine lacks what these Debian packages hold: ${names.join(', ')}. Install your distribution's and run this again.`,
    );
  }
  say(`Installing packages with apt: ${names.join(', ')}`);
  apt(['update', '-q']);
  apt(['install', '-y', '-q', '--no-install-recommends', ...missing.map(installable)]);
  const still = missing.filter(({ there }) => !there());
  if (still.length > 0)
    giveUp(
      `These packages were installed but what they should bring is not there: ${still.map((entry) => entry.package).join(', ')}.`,
    );
}

function installable({ package: name, instead }) {
  if (!instead) return name;
  const known = spawnSync('apt-cache', ['show', '--no-all-versions', name], { stdio: 'ignore' }).status === 0;
  return known ? name : instead;
}

function apt(args) {
  const asRoot = process.getuid() === 0;
  if (!asRoot && !command('sudo')()) {
    giveUp(`Installing packages needs root: run this as root: apt-get ${args.join(' ')}`);
  }
  if (!asRoot) say('(sudo asks for your password: apt needs root)');
  const [program, ...rest] = asRoot
    ? ['apt-get', ...args]
    : ['sudo', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  const result = spawnSync(program, rest, {
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status !== 0)
    giveUp(`apt-get ${args.join(' ')} failed: see above what it says, mend it and run this again.`);
}
