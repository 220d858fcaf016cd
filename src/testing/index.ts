/**
 * Virtual machines with the kernels BPF LSM programs must work on, for tests: the host's files read-only with a
 * writable layer on top, root in the guest, nothing left behind.
 *
 * @example
 * await using vm = await Vm.boot({ kernel: '6.12' });
 * const { code, stdout } = await vm.run(['cat', '/sys/kernel/security/lsm']);
 *
 * @module
 */
export { VmError, type VmErrorCode, type VmErrorFields } from './errors.js';
export { type ExitStatus, GuestProcess } from './guest-process.js';
export { describeKernel, type EnsureKernelOptions, ensureKernel, type Kernel } from './kernel-cache.js';
export { isKernelLine, type KernelLine, kernelLines } from './kernels.js';
export type { BootOptions } from './options.js';
export type { Accel } from './qemu.js';
export { type RunOptions, type RunResult, type SpawnOptions, Vm } from './vm.js';
