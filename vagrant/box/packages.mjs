// What a box has beside the kernel: a system that vagrant can reach, and what provision.sh would install.

import { packageNames } from '../../scripts/packages.mjs';

const SYSTEM = [
  'systemd-sysv',
  'systemd-resolved',
  'libnss-resolve',
  'dbus',
  'udev',
  'kmod',
  'openssh-server',
  'sudo',
  'rsync',
  'iproute2',
  'netbase',
  'procps',
  'zstd',
];

/** As BASE of provision.sh. */
const BASE = ['nodejs', 'npm', 'git', 'ca-certificates', 'busybox-static'];

const CLANG_OF_TRIXIE = 19;

export const PACKAGES = [...SYSTEM, ...BASE, ...packageNames(CLANG_OF_TRIXIE)];
