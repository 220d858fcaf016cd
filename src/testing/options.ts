import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { VmError } from './errors.js';
import { isKernelLine, type KernelLine, kernelLines } from './kernels.js';
import { defaultLsm } from './qemu.js';

/** Options of `Vm.boot`. */
export interface BootOptions {
  /** The kernel line; the newest when not given. */
  readonly kernel?: KernelLine;
  /** The guest's memory in MiB; 2048 when not given. */
  readonly memory?: number;
  /**
   * Processors; when not given, 2 with KVM and 1 in emulation. QEMU 7.2 emulating several at once now and then runs
   * instructions that another processor has just replaced, which panics a kernel that patches itself, as attaching
   * does.
   */
  readonly cpus?: number;
  /** The LSMs, in order, as `lsm=` of the kernel command line has them. Leave `bpf` out to test a kernel without. */
  readonly lsm?: string;
  /** More words for the kernel command line. */
  readonly append?: string;
  /** Count instructions instead of time: one processor, emulated, a nanosecond of guest time per instruction. */
  readonly icount?: boolean;
  /** Host directories the guest may write to, by name: `/mnt/<name>` in the guest. */
  readonly shares?: Readonly<Record<string, string>>;
  /** The working directory of commands that name none; the caller's when not given. */
  readonly cwd?: string;
  /** How long the guest may take to come up, in milliseconds; 120000 when not given. */
  readonly timeout?: number;
  /** Told of every line on the guest's console. */
  readonly onConsole?: (line: string) => void;
  /** Told, in one sentence each, what is unusual: a kernel being fetched, sudo being asked for. */
  readonly onNote?: (note: string) => void;
}

/** @internal */
export interface BootSettings {
  readonly kernel: KernelLine;
  readonly memory: number;
  /** Undefined: what suits the accelerator. */
  readonly cpus: number | undefined;
  readonly lsm: string;
  readonly append: string;
  readonly icount: boolean;
  readonly shares: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeout: number;
  readonly onConsole: ((line: string) => void) | undefined;
  readonly onNote: (note: string) => void;
}

/** Fills in and checks. Throws VmError 'BAD_OPTION'. @internal */
export function bootSettings(options: BootOptions): BootSettings {
  const icount = options.icount ?? false;
  const settings: BootSettings = {
    kernel: options.kernel ?? '7.3',
    memory: options.memory ?? 2048,
    cpus: icount ? (options.cpus ?? 1) : options.cpus,
    lsm: options.lsm ?? defaultLsm,
    append: options.append ?? '',
    icount,
    shares: options.shares ?? {},
    cwd: options.cwd ?? process.cwd(),
    timeout: options.timeout ?? 120_000,
    onConsole: options.onConsole,
    onNote: options.onNote ?? (() => undefined),
  };
  check(settings);
  return settings;
}

function check(settings: BootSettings): void {
  const refuse = (what: string): never => {
    throw new VmError('BAD_OPTION', `The guest cannot be booted: ${what}.`);
  };
  if (!isKernelLine(settings.kernel))
    refuse(`no kernel line ${settings.kernel}, there are ${kernelLines.join(', ')}`);
  if (!Number.isInteger(settings.memory) || settings.memory < 256) refuse('memory is MiB, 256 or more');
  const { cpus = 1 } = settings;
  if (!Number.isInteger(cpus) || cpus < 1) refuse('cpus is 1 or more');
  if (settings.icount && cpus !== 1) refuse('icount means one processor');
  if (!isAbsolute(settings.cwd)) refuse('cwd is an absolute path');
  for (const [name, dir] of Object.entries(settings.shares)) {
    if (!/^[A-Za-z0-9._-]{1,24}$/.test(name) || /^\.+$/.test(name))
      refuse(`"${name}" is no name for a share`);
    if (!isAbsolute(dir)) refuse(`the share ${name} needs an absolute path, not ${dir}`);
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
      refuse(`the share ${name} needs a directory, which ${dir} is not`);
  }
}
