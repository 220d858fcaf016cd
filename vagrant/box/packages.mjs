// What a box has beside the kernel: a system that vagrant can reach, and what provision.sh would install.

const SYSTEM = [
  'systemd-sysv',
  'systemd-resolved',
  'libnss-resolve',
  'dbus',
  'udev',
  'kmod',
  'openssh-server',
  'sudo',
  'ca-certificates',
  'rsync',
  'iproute2',
  'netbase',
  'procps',
  'zstd',
  'busybox-static',
];

const TOOLS = [
  'g++',
  'make',
  'python3',
  'pkg-config',
  'libbpf-dev',
  'clang',
  'llvm',
  'clang-format',
  'clang-tidy',
  'libclang-rt-19-dev',
  'cmake',
  'ninja-build',
  'bpftool',
  'git',
  'nodejs',
  'npm',
];

export const PACKAGES = [...SYSTEM, ...TOOLS];
