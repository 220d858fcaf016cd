// What to do about the failures of vagrant and libvirt that people meet: their own words do not say.

const ADVICE = [
  [
    /No space left on device/,
    'The disk is full: a machine takes up to 20 GiB in the storage pool (virsh pool-dumpxml default names its directory), and 3 GiB when it is new. Make room, or name a pool elsewhere with BPF_LSM_VM_POOL.',
  ],
  [
    /(?:network .*|bridge name '.*' )already in use|Address already in use|internal error: Network is already in use/i,
    'An address or port that the network of the machine needs is taken: see with `ss -lnp` and `ip address` by whom, or end the other libvirt or dnsmasq that has it.',
  ],
  [
    /(?:\/dev\/kvm|KVM kernel module).*(?:Permission denied|denied)|failed to initialize kvm: Permission denied/i,
    'QEMU may not open /dev/kvm: add the user it runs as to the group kvm, or set BPF_LSM_VM_DRIVER=qemu to emulate.',
  ],
  [
    /kvm_buf_set_msrs|KVM internal error|failed to initialize kvm|invalid accelerator kvm/i,
    'KVM does not work here, though /dev/kvm is there: set BPF_LSM_VM_DRIVER=qemu to emulate.',
  ],
  [
    /Timed out while waiting for the machine to (?:boot|get an IP)|did not respond|Timeout waiting for SSH/i,
    'The machine was not up in time: on a busy host try again with `npm run vagrant:up`, or look at its console with `virsh -c qemu:///system console NAME` (`list` gives the name).',
  ],
  [
    /Could not resolve|Temporary failure resolving|Unable to connect to .*:|Failed to fetch|404\s+Not Found/,
    "The machine's Debian mirror was not reached: look whether this host reaches it (apt update), and try again.",
  ],
  [
    /box '.*' could not be found|Couldn't open file .*boxes|catalog(?:ue)? .*(?:404|could not)/i,
    'There is no such box: leave BPF_LSM_VM_BOX out to have one built from Debian packages.',
  ],
  [
    /Vagrant can't use the requested machine because it is locked|another process is already executing/i,
    'Another vagrant works on this machine: wait until it has ended.',
  ],
];

/** A sentence for what vagrant has said; undefined when it is none of these. */
export function adviceFor(output) {
  return ADVICE.find(([pattern]) => pattern.test(output))?.[1];
}
