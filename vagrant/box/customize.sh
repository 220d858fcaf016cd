#!/bin/sh
# Turns what mmdebstrap has installed in $1 into a machine that vagrant can reach.
set -eu
root=$1
cd "$root"

user() {
  key=$(cat /usr/share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub)
  chroot . useradd -m -s /bin/bash vagrant
  echo vagrant:vagrant | chroot . chpasswd
  echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/vagrant
  chmod 440 etc/sudoers.d/vagrant
  install -d -m 700 -o 1000 -g 1000 home/vagrant/.ssh
  # The key that everybody knows; vagrant can put another in its place.
  echo "$key" >home/vagrant/.ssh/authorized_keys
  chown 1000:1000 home/vagrant/.ssh/authorized_keys
  chmod 600 home/vagrant/.ssh/authorized_keys
}

ssh_server() {
  printf 'UseDNS no\nGSSAPIAuthentication no\n' >etc/ssh/sshd_config.d/vagrant.conf
  rm -f etc/ssh/ssh_host_*
  cat >etc/systemd/system/ssh-host-key.service <<'UNIT'
[Unit]
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
UNIT
}

network() {
  cat >etc/systemd/network/80-dhcp.network <<'UNIT'
[Match]
Type=ether

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no

[DHCPv4]
UseHostname=no
UNIT
  ln -sf /run/systemd/resolve/stub-resolv.conf etc/resolv.conf
  echo bpf-lsm >etc/hostname
  printf '127.0.0.1 localhost\n127.0.1.1 bpf-lsm\n' >etc/hosts
}

disk() {
  echo '/dev/vda / ext4 rw,noatime,errors=remount-ro 0 1' >etc/fstab
  echo virtio_net >etc/modules-load.d/box.conf
}

# Every program that starts costs 10 to 100 ms under emulation.
units() {
  chroot . systemctl -q enable systemd-networkd systemd-resolved ssh ssh-host-key
  chroot . systemctl -q mask systemd-networkd-wait-online.service systemd-pstore.service systemd-update-utmp.service \
    systemd-hostnamed.socket getty@tty1.service fstrim.timer e2scrub_all.timer e2scrub_reap.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer dev-hugepages.mount modprobe@drm.service modprobe@configfs.service \
    modprobe@efi_pstore.service modprobe@dm_mod.service modprobe@loop.service
  mkdir -p etc/systemd/system-generators
  for name in systemd-ssh-generator systemd-gpt-auto-generator; do
    ln -sf /dev/null "etc/systemd/system-generators/$name"
  done
}

user
ssh_server
network
disk
units
mkdir -p etc/bpf-lsm
chroot . dpkg-query -W -f='${Package} ${Version}\n' >etc/bpf-lsm/packages
: >etc/machine-id
rm -rf var/cache/apt/*.bin var/lib/apt/lists/* boot/initrd.img-*
