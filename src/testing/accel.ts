import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeProbeInitrd } from './initrd.js';
import type { Kernel } from './kernel-cache.js';
import { kernelImage } from './kernel-image.js';
import type { Machine } from './machine.js';
import { cacheDirectory } from './paths.js';
import { type Accel, kernelCommandLine, qemuArguments } from './qemu.js';
import type { Qemu } from './qemu-version.js';

/** A guest that works under KVM reaches its first program in a second; one that hangs never does. */
const PROBE_LIMIT = 8_000;

/**
 * Is KVM of use here? /dev/kvm alone proves nothing (nested virtualisation may fail when a processor is made, or
 * hang), so a guest with this kernel is booted as far as its first program. The answer is kept for this boot of the
 * machine and this QEMU.
 */
export async function chooseAccel(machine: Machine, qemu: Qemu, kernel: Kernel): Promise<Accel> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const file = join(cacheDirectory(), 'accel.json');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const key = `${boot} ${qemu.path} ${qemu.version} ${process.getuid?.()}`;
  const known = await readAnswer(file);
  if (known?.key === key) return known.accel;
  const accel: Accel = (await kvmWorks(machine, qemu, kernel)) ? 'kvm' : 'tcg';
  await mkdir(cacheDirectory(), { recursive: true });
  await writeFile(file, JSON.stringify({ key, accel }));
  return accel;
}

async function readAnswer(file: string): Promise<{ key: string; accel: Accel } | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { key: string; accel: Accel };
  } catch {
    return undefined;
  }
}

async function kvmWorks(machine: Machine, qemu: Qemu, kernel: Kernel): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'bpf-lsm-kvm-'));
  try {
    const initrd = join(dir, 'initrd');
    await writeProbeInitrd(initrd);
    const args = qemuArguments({
      machine,
      accel: 'kvm',
      cpu: 'host',
      icount: false,
      memory: 512,
      cpus: 2,
      kernel: kernelImage(kernel),
      initrd,
      append: kernelCommandLine(machine, 'bpf', ''),
      filesystems: [],
      ports: [],
    });
    return await reachesUser(qemu.path, args);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function reachesUser(qemu: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(qemu, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PROBE_LIMIT,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes('bpf-lsm-guest-is-up')) child.kill('SIGKILL');
    });
    child.on('error', () => resolve(false));
    child.on('close', () => resolve(said.includes('bpf-lsm-guest-is-up')));
  });
}
