// Builds the Vagrant box of a kernel line from Debian's packages alone, for libvirt:
//
//   node vagrant/box/build.mjs --kernel 7.3 --out DIRECTORY
//
// The box has no boot loader: it carries kernel and initrd beside its disk, and libvirt boots them. What is inside is
// written to DIRECTORY/packages.txt, and to /etc/bpf-lsm/packages in the machine; with the same package lists
// (SOURCE_DATE_EPOCH, and a mirror that holds still) the same box comes out.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { giveUp, say } from '../../scripts/say.mjs';
import { setUp } from '../../scripts/setup.mjs';
import { debianMirrors } from './mirror.mjs';
import { PACKAGES } from './packages.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const NEEDED_BYTES = 6 * 2 ** 30;

/** Suite and package of each kernel line. */
const KERNELS = {
  7.3: { suite: 'trixie-backports', kernel: 'linux-image-cloud-amd64/trixie-backports' },
  6.12: { suite: undefined, kernel: 'linux-image-cloud-amd64' },
};

/** Ends the script when there is no box of this line. */
export function checkLine(line) {
  if (!Object.hasOwn(KERNELS, line))
    giveUp(`There is no box of Linux ${line}; there are ${Object.keys(KERNELS).join(' and ')}.`);
}

/** Leaves `bpf-lsm-debian-LINE.box` and its catalogue, `catalogue.json`, in a directory. */
export async function buildBox(line, out) {
  checkLine(line);
  if (process.getuid() !== 0) giveUp('Building a box needs root: it holds files of every user.');
  mkdirSync(out, { recursive: true });
  const { bavail, bsize } = statfsSync(out);
  if (bavail * bsize < NEEDED_BYTES)
    giveUp(
      `Building a box needs 6 GiB, and ${out} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB left: make room, or choose another directory with --out.`,
    );
  const work = mkdtempSync(join(tmpdir(), 'bpf-lsm-box-'));
  try {
    makeRoot(line, join(work, 'root'), await debianMirrors());
    makeDisk(work, out);
    pack(line, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return join(out, boxFile(line));
}

function makeRoot(line, root, { main, security }) {
  const { suite, kernel } = KERNELS[line];
  const sources = ['trixie', 'trixie-updates', suite]
    .filter(Boolean)
    .map((name) => `deb ${main} ${name} main`);
  if (security) sources.push(`deb ${security} trixie-security main`);
  say(`Building the system with ${PACKAGES.length} packages and their dependencies`);
  const include = [kernel, ...PACKAGES].join(',');
  run(
    'mmdebstrap',
    [
      '--quiet',
      '--mode=root',
      '--variant=minbase',
      `--include=${include}`,
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=Apt::Install-Recommends "false"',
      ...['man', 'locale', 'doc'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      '--essential-hook=mkdir -p "$1"/etc/initramfs-tools/conf.d; echo MODULES=list > "$1"/etc/initramfs-tools/conf.d/box',
      `--customize-hook=${join(HERE, 'customize.sh')} "$1"`,
      'trixie',
      root,
      ...sources,
    ],
    `packages of ${main} could not be installed: look whether this host reaches it (apt update) and whether the disk has room, and try again.`,
  );
}

function makeDisk(work, out) {
  const root = join(work, 'root');
  cpSync(join(root, 'etc/bpf-lsm/packages'), join(out, 'packages.txt'));
  cpSync(join(root, 'vmlinuz'), join(out, 'vmlinuz'), { dereference: true });
  makeInitrd(root, join(work, 'initrd'), join(out, 'initrd.img'));
  const raw = join(work, 'disk.raw');
  run('truncate', ['-s', '20G', raw]);
  run('mkfs.ext4', [
    '-q',
    '-F',
    '-L',
    'root',
    '-E',
    'lazy_itable_init=1,lazy_journal_init=1',
    '-d',
    root,
    raw,
  ]);
  run('qemu-img', ['convert', '-O', 'qcow2', raw, join(out, 'box.img')]);
}

/** Debian's own takes seven seconds under emulation; the cloud kernel needs nothing but the disk's driver. */
function makeInitrd(root, tree, file) {
  mkdirSync(join(tree, 'bin'), { recursive: true });
  for (const name of ['dev', 'root']) mkdirSync(join(tree, name));
  cpSync(join(root, 'bin/busybox'), join(tree, 'bin/busybox'), { dereference: true });
  const [release = ''] = readdirSync(join(root, 'lib/modules'));
  const driver = join(root, 'lib/modules', release, 'kernel/drivers/block/virtio_blk.ko.xz');
  writeFileSync(join(tree, 'virtio_blk.ko'), execFileSync('xz', ['-dc', driver], { maxBuffer: 2 ** 26 }));
  cpSync(join(HERE, 'init'), join(tree, 'init'));
  const names = execFileSync('find', ['.', '-mindepth', '1'], { cwd: tree })
    .toString()
    .trim()
    .split('\n')
    .sort();
  const archive = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet', '-R', '0:0'], {
    cwd: tree,
    input: names.join('\n'),
    maxBuffer: 2 ** 28,
  });
  writeFileSync(file, execFileSync('gzip', ['-9n'], { input: archive, maxBuffer: 2 ** 28 }));
}

function pack(line, out) {
  const { size } = statSync(join(out, 'box.img'));
  writeFileSync(
    join(out, 'metadata.json'),
    JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: 20 }),
  );
  cpSync(join(HERE, 'Vagrantfile'), join(out, 'Vagrantfile'));
  const files = ['metadata.json', 'Vagrantfile', 'vmlinuz', 'initrd.img', 'box.img', 'packages.txt'];
  say(`Packing the box: a disk of ${Math.round(size / 2 ** 20)} MiB`);
  const box = join(out, boxFile(line));
  run('tar', [
    '-C',
    out,
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-I',
    'gzip -1n',
    '-cf',
    box,
    ...files,
  ]);
  writeFileSync(join(out, 'catalogue.json'), `${JSON.stringify(catalogue(line, box, out), undefined, 2)}\n`);
}

/** What `vagrant box add` reads: name, version and checksum of the box. */
function catalogue(line, box, out) {
  const [checksum] = execFileSync('sha256sum', [box]).toString().split(' ');
  const kernel =
    /^linux-image-\d\S*\s+(\S+)/m.exec(readFileSync(join(out, 'packages.txt'), 'utf8'))?.[1] ?? line;
  return {
    name: `bpf-lsm/debian-${line}`,
    description: `Debian 13 with Linux ${kernel}, BPF LSM active, and what it takes to build and test bpf-lsm`,
    versions: [
      {
        version: versionOf(kernel),
        providers: [{ name: 'libvirt', url: `file://${box}`, checksum_type: 'sha256', checksum }],
      },
    ],
  };
}

/** Vagrant wants versions of numbers: 7.3.4-1~bpo13+1 is 7.3.4. */
function versionOf(kernel) {
  return /^\d+(?:\.\d+)*/.exec(kernel)?.[0] ?? '0';
}

function boxFile(line) {
  return `bpf-lsm-debian-${line}.box`;
}

function run(program, args, advice = 'see above what it says.') {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    if (error.code === 'ENOENT')
      giveUp(`${program} is missing: npm run vagrant:up installs what building a box takes.`);
    giveUp(`${program} failed: ${advice}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { kernel: { type: 'string', default: '7.3' }, out: { type: 'string' } },
  });
  await setUp();
  await buildBox(values.kernel, resolve(values.out ?? `build/box/${values.kernel}`));
}
