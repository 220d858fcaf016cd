import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAccel } from './accel.js';
import { slotCount } from './guest-agent.js';
import { rootTag, shareTag, writeInitrd } from './initrd.js';
import { ensureKernel, type Kernel } from './kernel-cache.js';
import { kernelImage } from './kernel-image.js';
import { hostMachine } from './machine.js';
import { MachineProcess } from './machine-process.js';
import { isWithin } from './mounts.js';
import type { BootSettings } from './options.js';
import { Port } from './port.js';
import { type Accel, cpuModel, kernelCommandLine, type QemuPlan, qemuArguments } from './qemu.js';
import { findQemu, type Qemu } from './qemu-version.js';
import { findPrivilege, type Privilege } from './sandbox.js';
import type { SandboxPlan } from './sandbox-plan.js';
import { Slot } from './slot.js';
import { whenWriting } from './unwritable.js';
import { findVirtiofsd, type Virtiofsd, virtiofsdArguments } from './virtiofs.js';
import { makeWorkDirectory, removeWorkDirectory } from './workdir.js';

/** The parts of a guest that has been started; it may not be up yet. */
export interface Started {
  readonly kernel: Kernel;
  readonly accel: Accel;
  readonly process: MachineProcess;
  readonly control: Port;
  readonly slots: readonly Slot[];
  /** Removes what the guest needed on the host; call it when the process has ended. */
  readonly cleanUp: () => void;
}

interface Tools {
  readonly kernel: Kernel;
  readonly qemu: Qemu;
  readonly accel: Accel;
  readonly virtiofsd: Virtiofsd;
  readonly privilege: Privilege;
}

/** Gathers what a guest needs and starts it. */
export async function startGuest(settings: BootSettings): Promise<Started> {
  const tools = await gather(settings);
  const dir = workDirectory();
  try {
    const control = await Port.listen(join(dir, 'control'));
    const slots = await Promise.all(Array.from({ length: slotCount }, (_, number) => Slot.make(number, dir)));
    await writeInitrd(join(dir, 'initrd'), {
      kernel: tools.kernel,
      shares: Object.keys(settings.shares),
      ownTmp: !isWithin(settings.cwd, '/tmp'),
      unowned: tools.privilege.unowned,
    });
    const plan = sandboxPlan(settings, tools, dir, control, slots);
    const process = new MachineProcess(tools.privilege, plan, settings.onConsole);
    const cleanUp = (): void => {
      control.close();
      for (const slot of slots) slot.close();
      removeWorkDirectory(dir);
    };
    return { kernel: tools.kernel, accel: tools.accel, process, control, slots, cleanUp };
  } catch (error) {
    removeWorkDirectory(dir);
    throw whenWriting('temporary', error);
  }
}

function workDirectory(): string {
  try {
    return makeWorkDirectory();
  } catch (error) {
    throw whenWriting('temporary', error);
  }
}

async function gather(settings: BootSettings): Promise<Tools> {
  const machine = hostMachine();
  const [qemu, [virtiofsd, privilege]] = await Promise.all([
    findQemu(machine),
    findVirtiofsd().then(async (found) => [found, await findPrivilege(found.kind)] as const),
  ]);
  if (privilege.note !== undefined) settings.onNote(privilege.note);
  // Fetching one takes a while: not before it is known that a guest can be made.
  const kernel = await ensureKernel(settings.kernel, { onNote: settings.onNote });
  const accel = settings.icount ? 'tcg' : await chooseAccel(machine, qemu, kernel, settings.onNote);
  return { kernel, qemu, accel, virtiofsd, privilege };
}

function sandboxPlan(
  settings: BootSettings,
  tools: Tools,
  dir: string,
  control: Port,
  slots: readonly Slot[],
): SandboxPlan {
  const { virtiofsd, privilege } = tools;
  const root = join(dir, 'root');
  const shares = [
    { tag: rootTag, source: root, socket: join(dir, 'host'), cache: true },
    ...Object.entries(settings.shares).map(([name, source]) => ({
      tag: shareTag(name),
      source: realpathSync(source),
      socket: join(dir, shareTag(name)),
      cache: false,
    })),
  ];
  const servers = shares.map((share) => ({
    argv: [
      virtiofsd.path,
      ...virtiofsdArguments(virtiofsd.kind, { ...share, openFiles: privilege.openFiles }),
    ],
    socket: share.socket,
  }));
  const plan: QemuPlan = {
    ...machinePlan(settings, tools),
    initrd: join(dir, 'initrd'),
    filesystems: shares,
    ports: [{ number: 1, socket: control.path, listener: 'host' }, ...slots.flatMap((slot) => slot.ports)],
  };
  return { root, servers, qemu: [tools.qemu.path, ...qemuArguments(plan)], owner: privilege.owner };
}

function machinePlan(
  settings: BootSettings,
  tools: Tools,
): Omit<QemuPlan, 'initrd' | 'filesystems' | 'ports'> {
  const machine = hostMachine();
  return {
    machine,
    accel: tools.accel,
    cpu: cpuModel(settings.kernel, tools.accel, process.arch, tools.qemu.major),
    icount: settings.icount,
    memory: settings.memory,
    cpus: settings.cpus ?? (tools.accel === 'tcg' ? 1 : 2),
    kernel: kernelImage(tools.kernel),
    append: kernelCommandLine(machine, settings.lsm, settings.append),
  };
}
