/**
 * The first program of the guest, in its initramfs. It puts the root file system together (the host's files, read-only
 * over virtiofs, below a tmpfs) and hands over to the agent. The tables beside it say what to mount. Under
 * emulation every program start costs milliseconds, so one `mount` serves a whole table and the rest is builtins;
 * and every request to the host costs one too, so files are read ahead by a megabyte instead of 128 KiB.
 *
 * Where virtiofsd is an ordinary user's (`/unowned`), files of others cannot be opened with O_NOATIME, which overlayfs
 * sets whenever who mounted it is the owner or has CAP_FOWNER (6.1 to 7.3). So an overlay mounted without that
 * capability, read-only, comes in between: it leaves the flag out. Set-user-ID programs of root's would then be
 * nobody's, so that bit is ignored (`nosuid`).
 */
export const guestInit: string = `#!/busybox sh
b=/busybox
fail() {
  echo 'the file systems of the guest cannot be mounted'
  exec $b poweroff -f
}
$b mount -t proc proc /proc
for module in /modules/*; do
  [ -e "$module" ] && $b insmod "$module"
done
$b ifconfig lo up &
$b mount -a -T /fstab.lower || fail
$b mkdir /upper/files /upper/work
if [ -e /unowned ]; then
  $b mount -t tmpfs lower /host/mnt
  $b mkdir /host/mnt/none /host/mnt/files
  $b chroot /host setpriv --bounding-set=-fowner mount -t overlay -o ro,lowerdir=/:/mnt/none lower /mnt/files || fail
fi
$b mount -a -T /fstab.root || fail
set --
while read -r directory; do set -- "$@" "$directory"; done </directories
$b mkdir -p "$@"
read -r config </config
[ -e "$config" ] || : >"$config"
$b mount -a -T /fstab.upper || fail
echo bpf-lsm-guest >/new/proc/sys/kernel/hostname
for device in /new/sys/class/bdi/0:*; do echo 1024 >$device/read_ahead_kb; done
$b cp -a /skeleton/. /new/
$b cp /busybox /new/run/vm/
wait
exec $b env -i $b switch_root /new /run/vm/busybox sh /run/vm/agent
`;

/** What the guest of the KVM probe runs: proof that user code was reached. */
export const guestProbe: string = `#!/busybox sh
echo bpf-lsm-guest-is-up
exec /busybox poweroff -f
`;
