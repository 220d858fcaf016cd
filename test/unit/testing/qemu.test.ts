import { describe, expect, test } from 'vitest';
import { hostMachine } from '../../../src/testing/machine.js';
import { cpuModel, kernelCommandLine, type QemuPlan, qemuArguments } from '../../../src/testing/qemu.js';

const PLAN: QemuPlan = {
  machine: hostMachine('x64'),
  accel: 'tcg',
  cpu: 'max',
  icount: false,
  memory: 1024,
  cpus: 2,
  kernel: '/k/vmlinux',
  initrd: '/w/initrd',
  append: 'quiet',
  filesystems: [{ tag: 'host', socket: '/w/a,b' }],
  ports: [
    { number: 1, socket: '/w/control', listener: 'host' },
    { number: 4, socket: '/w/input', listener: 'qemu' },
  ],
};

const valuesOf = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []));

describe('the QEMU command line', () => {
  test('memory is shared with virtiofsd', () => {
    const args = qemuArguments(PLAN);
    expect(valuesOf(args, '-machine')).toEqual(['pc,memory-backend=ram']);
    expect(valuesOf(args, '-object')).toEqual(['memory-backend-memfd,id=ram,size=1024M,share=on']);
    expect(valuesOf(args, '-m')).toEqual(['1024M']);
    expect(valuesOf(args, '-smp')).toEqual(['2']);
  });

  test('ports keep their numbers, and their sockets say who listens', () => {
    const args = qemuArguments(PLAN);
    expect(valuesOf(args, '-device')).toContain('virtio-serial-pci,max_ports=5');
    expect(valuesOf(args, '-device')).toContain('virtserialport,nr=4,chardev=port4');
    expect(valuesOf(args, '-chardev')).toContain('socket,id=port1,path=/w/control');
    expect(valuesOf(args, '-chardev')).toContain('socket,id=port4,path=/w/input,server=on,wait=off');
  });

  test('a comma in a path is doubled', () => {
    expect(valuesOf(qemuArguments(PLAN), '-chardev')).toContain('socket,id=fs0,path=/w/a,,b');
  });

  test('counting instructions takes one processor', () => {
    const args = qemuArguments({ ...PLAN, icount: true });
    expect(valuesOf(args, '-icount')).toEqual(['shift=0,sleep=off']);
    expect(valuesOf(args, '-smp')).toEqual(['1']);
  });

  test('arm64 has a machine of its own', () => {
    const machine = hostMachine('arm64');
    expect(valuesOf(qemuArguments({ ...PLAN, machine }), '-machine')).toEqual([
      'virt,memory-backend=ram,gic-version=max',
    ]);
    expect(machine.serial).toBe('ttyAMA0');
    expect(() => hostMachine('mips')).toThrow(/arm64/);
  });

  test('cmpxchg16b is kept from 6.12 alone, and only where QEMU gets it wrong', () => {
    expect(cpuModel('6.1', 'tcg', 'x64', 7)).toBe('max');
    expect(cpuModel('6.12', 'tcg', 'x64', 7)).toBe('max,-cx16');
    expect(cpuModel('7.3', 'tcg', 'x64', 7)).toBe('max');
    expect(cpuModel('6.12', 'tcg', 'x64', 10)).toBe('max');
    expect(cpuModel('6.12', 'tcg', 'arm64', 7)).toBe('max');
    expect(cpuModel('6.12', 'kvm', 'x64', 7)).toBe('host');
  });

  test("the kernel's command line", () => {
    const words = kernelCommandLine(hostMachine('x64'), 'landlock,bpf', '').split(' ');
    expect(words[0]).toBe('console=ttyS0');
    expect(words).toContain('panic=-1');
    expect(words.at(-1)).toBe('lsm=landlock,bpf');
    const arm = kernelCommandLine(hostMachine('arm64'), 'yama', 'a b');
    expect(arm).toMatch(/^console=ttyAMA0 .* lsm=yama a b$/);
    expect(arm).not.toContain('tsc=');
  });
});
