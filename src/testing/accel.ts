import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
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
import { whenWriting } from './unwritable.js';

const KVM = '/dev/kvm';

const NOT_ALLOWED = `this user may not open ${KVM}, so guests are emulated, which is slower: add the user to the group that owns it (usermod -aG kvm NAME) and log in again`;
const OF_NO_USE = `${KVM} is there, but no guest came up with it, so guests are emulated, which is slower, until this machine boots again`;

/** A guest that works under KVM reaches its first program in a second; one that hangs never does. */
const PROBE_LIMIT = 8_000;

/**
 * Is KVM of use here? /dev/kvm alone proves nothing (nested virtualisation may fail when a processor is made, or
 * hang), so a guest with this kernel is booted as far as its first program. The answer is kept for this boot of the
 * machine and this QEMU. That there is a KVM of no use is noted.
 */
export async function chooseAccel(
  machine: Machine,
  qemu: Qemu,
  kernel: Kernel,
  onNote: (note: string) => void,
): Promise<Accel> {
  try {
    accessSync(KVM, constants.R_OK | constants.W_OK);
  } catch {
    if (existsSync(KVM)) onNote(NOT_ALLOWED);
    return 'tcg';
  }
  const file = join(cacheDirectory(), 'accel.json');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const key = `${boot} ${qemu.path} ${qemu.version} ${process.getuid?.()}`;
  const known = await readAnswer(file);
  if (known?.key === key) return known.accel;
  const accel: Accel = (await kvmWorks(machine, qemu, kernel)) ? 'kvm' : 'tcg';
  if (accel === 'tcg') onNote(OF_NO_USE);
  await keepAnswer(file, JSON.stringify({ key, accel }));
  return accel;
}

async function readAnswer(file: string): Promise<{ key: string; accel: Accel } | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { key: string; accel: Accel };
  } catch {
    return undefined;
  }
}

async function keepAnswer(file: string, text: string): Promise<void> {
  try {
    await mkdir(cacheDirectory(), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw whenWriting('cache', error);
  }
}

async function kvmWorks(machine: Machine, qemu: Qemu, kernel: Kernel): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'bpf-lsm-kvm-')).catch((error: unknown) => {
    throw whenWriting('temporary', error);
  });
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
