import { VmError } from './errors.js';

/** What differs between the processor architectures. */
export interface Machine {
  /** Debian's name of the architecture. */
  readonly debian: string;
  readonly qemu: string;
  /** The Debian package that has `qemu`. */
  readonly qemuPackage: string;
  /** QEMU's machine type. */
  readonly type: string;
  /** The guest's first serial port. */
  readonly serial: string;
  /** Words for the kernel command line that spare an emulated machine some waiting. */
  readonly boot: readonly string[];
}

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    debian: 'amd64',
    qemu: 'qemu-system-x86_64',
    qemuPackage: 'qemu-system-x86',
    type: 'pc',
    serial: 'ttyS0',
    boot: ['tsc=reliable', 'no_timer_check'],
  },
  arm64: {
    debian: 'arm64',
    qemu: 'qemu-system-aarch64',
    qemuPackage: 'qemu-system-arm',
    type: 'virt',
    serial: 'ttyAMA0',
    boot: [],
  },
};

/** The machine a guest is: of the host's own architecture. Throws VmError 'BAD_OPTION' on others than x64 and arm64. */
export function hostMachine(arch: string = process.arch): Machine {
  const machine = MACHINES[arch];
  if (machine === undefined) {
    const known = Object.keys(MACHINES).join(' and ');
    throw new VmError('BAD_OPTION', `No guest can be booted on ${arch}: the VM kit knows ${known} only.`);
  }
  return machine;
}
