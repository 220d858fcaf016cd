import type { KernelLine } from './kernels.js';
import type { Machine } from './machine.js';

/** How the guest's processor is made. */
export type Accel = 'kvm' | 'tcg';

/** A virtiofsd a guest is connected to. */
export interface VirtiofsDevice {
  readonly tag: string;
  readonly socket: string;
}

/** A virtio serial port. */
export interface SerialPort {
  /** The port's number: `/dev/vport<n>p<number>` in the guest. 1 or higher. */
  readonly number: number;
  readonly socket: string;
  /** Who listens on the socket: this side before QEMU starts, or QEMU. */
  readonly listener: 'host' | 'qemu';
}

/** Everything a QEMU command line says. */
export interface QemuPlan {
  readonly machine: Machine;
  readonly accel: Accel;
  /** The processor model, see {@link cpuModel}. */
  readonly cpu: string;
  readonly icount: boolean;
  /** MiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly filesystems: readonly VirtiofsDevice[];
  readonly ports: readonly SerialPort[];
}

/**
 * The processor model for a kernel line. Emulated by QEMU before 10 on x86, cmpxchg16b leaves garbage in the flags:
 * 6.12 then dies of double faults at random, so it must not see the instruction, while 7.3 needs it, since its bpf
 * local storage cannot be allocated without (7.2.22, 6.12.107, 7.3.4).
 */
export function cpuModel(line: KernelLine, accel: Accel, arch: string, qemuMajor: number): string {
  if (accel === 'kvm') return 'host';
  return arch === 'x64' && qemuMajor < 10 && line === '6.12' ? 'max,-cx16' : 'max';
}

/**
 * Words for every guest. `panic=-1` ends QEMU at once (-no-reboot). The others only save time in a guest that has
 * nothing to protect: with init_on_alloc, cryptomgr and rcupdate here and the machine's own words an emulated 7.3.4
 * is up after 3.3 to 3.7 s instead of 4.5 s (QEMU 7.2). RCU grace periods are shorter than on a machine as shipped.
 */
const COMMON = [
  'quiet',
  'panic=-1',
  'mitigations=off',
  'init_on_alloc=0',
  'cryptomgr.notests',
  'rcupdate.rcu_expedited=1',
];

/** The guest kernel's command line. */
export function kernelCommandLine(machine: Machine, lsm: string, append: string): string {
  const parts = [`console=${machine.serial}`, ...COMMON, ...machine.boot, `lsm=${lsm}`, append];
  return parts.filter((part) => part !== '').join(' ');
}

/** The LSMs of a guest unless an option says otherwise: Debian's order, with `bpf` last. */
export const defaultLsm = 'landlock,lockdown,yama,integrity,apparmor,bpf';

/** The arguments of QEMU for a plan. */
export function qemuArguments(plan: QemuPlan): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...processor(plan),
    ...memory(plan),
    ...['-kernel', plan.kernel, '-initrd', plan.initrd, '-append', plan.append],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...plan.filesystems.flatMap(filesystem),
    ...ports(plan.ports),
  ];
}

function processor(plan: QemuPlan): string[] {
  const gic = plan.machine.type === 'virt' ? ',gic-version=max' : '';
  const machine = ['-machine', `${plan.machine.type},memory-backend=ram${gic}`];
  const cpu = [...machine, '-accel', plan.accel, '-cpu', plan.cpu];
  // Guest time counts instructions: one nanosecond each. Needs a single processor.
  if (plan.icount) return [...cpu, '-icount', 'shift=0,sleep=off', '-smp', '1'];
  return [...cpu, '-smp', String(plan.cpus)];
}

/** A vhost-user device (virtiofsd) needs guest memory another process can map. */
function memory(plan: QemuPlan): string[] {
  const size = `${plan.memory}M`;
  return ['-m', size, '-object', `memory-backend-memfd,id=ram,size=${size},share=on`];
}

function filesystem(device: VirtiofsDevice, index: number): string[] {
  return [
    ...['-chardev', `socket,id=fs${index},path=${quote(device.socket)}`],
    ...['-device', `vhost-user-fs-pci,chardev=fs${index},tag=${quote(device.tag)},queue-size=1024`],
  ];
}

function ports(all: readonly SerialPort[]): string[] {
  if (all.length === 0) return [];
  const highest = Math.max(...all.map((port) => port.number));
  return [
    ...['-device', `virtio-serial-pci,max_ports=${highest + 1}`],
    ...all.flatMap((port) => {
      const server = port.listener === 'qemu' ? ',server=on,wait=off' : '';
      return [
        ...['-chardev', `socket,id=port${port.number},path=${quote(port.socket)}${server}`],
        ...['-device', `virtserialport,nr=${port.number},chardev=port${port.number}`],
      ];
    }),
  ];
}

/** In QEMU's option values a comma is doubled. */
function quote(value: string): string {
  return value.replaceAll(',', ',,');
}
