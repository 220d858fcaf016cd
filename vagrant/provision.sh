#!/bin/sh
# Makes a Debian machine one to build and test bpf-lsm on: packages, Node, a kernel, BPF LSM active. Can be run again.
#
# BPF_LSM_VM_KERNEL: 7.3 (backports) or 6.12
set -eu
export DEBIAN_FRONTEND=noninteractive

say() { echo "bpf-lsm: $*"; }
here=/etc/bpf-lsm
. /etc/os-release

# Beside what the project's own scripts know that building and testing need.
BASE="nodejs npm git ca-certificates busybox-static"

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing() {
  for name in "$@"; do installed "$name" || printf '%s ' "$name"; done
}

# The mirror this machine has already, whichever that is.
mirror() {
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1
  sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1
}

certificates() {
  given=/tmp/bpf-lsm-certificates.crt
  [ -s "$given" ] || return 0
  install -D -m 644 "$given" /usr/local/share/ca-certificates/bpf-lsm-host.crt
  update-ca-certificates >/dev/null 2>&1 || say "the host's certificates could not be added"
  printf 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n' >"$here/environment"
  printf 'export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n' >/etc/profile.d/bpf-lsm-certificates.sh
  npm config set --global cafile /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true
}

packages() {
  # shellcheck disable=SC2086
  lacking=$(missing $BASE)
  if [ -n "$lacking" ]; then
    say "installing $lacking"
    apt-get update -q
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $lacking
  fi
  node /srv/bpf-lsm/scripts/install-packages.mjs
}

kernel() {
  case "$(uname -r)" in "$BPF_LSM_VM_KERNEL".*) return 0 ;; esac
  case "$BPF_LSM_VM_KERNEL" in
    6.12) target="linux-image-amd64" ;;
    *)
      target="-t $VERSION_CODENAME-backports linux-image-amd64"
      echo "deb $(mirror | head -n 1) $VERSION_CODENAME-backports main" >/etc/apt/sources.list.d/bpf-lsm-backports.list
      ;;
  esac
  say "installing a kernel of the line $BPF_LSM_VM_KERNEL: it runs when the machine boots again"
  apt-get update -q
  # shellcheck disable=SC2086
  apt-get install -y -q --no-install-recommends $target
}

# Debian's kernels have bpf in CONFIG_LSM; a kernel command line or another distribution may leave it out.
active() {
  grep -q '\bbpf\b' /sys/kernel/security/lsm && return 0
  lsm=$(cat /sys/kernel/security/lsm)
  [ -d /etc/default/grub.d ] || { say "bpf is not among the active LSMs ($lsm): add lsm=$lsm,bpf to the kernel command line"; return 0; }
  echo "GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX lsm=$lsm,bpf\"" >/etc/default/grub.d/bpf-lsm.cfg
  update-grub
  say "bpf is among the LSMs when the machine boots again"
}

greeting() {
  cat >/etc/motd <<'MOTD'

  A machine for bpf-lsm: programs that deny may be attached to its own kernel.

    cd /srv/bpf-lsm
    sudo npm run demo      a program loaded from Node denies a system call
    sudo npm test          the whole suite, LSM programs on this kernel

  On the host: vagrant rsync copies the project here again, vagrant destroy takes all of it away.

MOTD
}

mkdir -p "$here"
packages
certificates
kernel
active
greeting
echo vagrant >"$here/lab"
say "ready: Linux $(uname -r), $(node --version), LSMs $(cat /sys/kernel/security/lsm)"
