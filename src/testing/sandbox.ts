import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { VmError } from './errors.js';
import { findProgram, needProgram, runProgram } from './programs.js';
import type { SandboxPlan } from './sandbox-plan.js';
import type { VirtiofsdKind } from './virtiofs.js';

/** How this user gets a mount namespace. */
export interface Privilege {
  /** The command that runs another one in namespaces of its own. */
  readonly argv: readonly string[];
  /** Why it had to be sudo, in one sentence. */
  readonly note: string | undefined;
  /** The user the guest's own process shall run as, where the rest is root's. */
  readonly owner: SandboxPlan['owner'];
  /** The limit of open files virtiofsd must stay within; undefined where it may raise it. */
  readonly openFiles: number | undefined;
  /** Has the sandbox no power over other users' files? */
  readonly unowned: boolean;
}

const NAMESPACES = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=SIGKILL'];

/** Finds the way: as root directly, else a user namespace, else sudo. Throws VmError 'NO_SANDBOX' if there is none. */
export async function findPrivilege(kind: VirtiofsdKind): Promise<Privilege> {
  const unshare = needProgram('unshare');
  const works = async (args: readonly string[]): Promise<boolean> =>
    (await runProgram(unshare, [...args, ...NAMESPACES, 'true'])).code === 0;
  const here = { note: undefined, owner: undefined };
  const isRoot = userInfo().uid === 0;
  if (isRoot && (await works([]))) {
    return {
      ...here,
      argv: [unshare, ...NAMESPACES],
      openFiles: mayRaiseLimits() ? undefined : hardOpenFiles(),
      unowned: false,
    };
  }
  // QEMU's own virtiofsd gives up its groups, which only a namespace made with newuidmap and newgidmap allows.
  const user = ['--user', '--map-root-user', ...(kind === 'c' ? ['--map-auto'] : [])];
  if (await works(user)) {
    return { ...here, argv: [unshare, ...user, ...NAMESPACES], openFiles: hardOpenFiles(), unowned: true };
  }
  if (isRoot) {
    const { stderr } = await runProgram(unshare, [...NAMESPACES, 'true']);
    throw new VmError(
      'NO_SANDBOX',
      `The guest cannot be given a read-only view of the host's files, because root may not make a mount namespace here (${stderr.trim()}): a container has to be given CAP_SYS_ADMIN for that, as docker run --privileged does.`,
    );
  }
  return viaSudo(unshare, (await works(['--user', '--map-root-user'])) ? 'uidmap' : 'userns');
}

function viaSudo(unshare: string, lacking: 'uidmap' | 'userns'): Privilege {
  const why =
    lacking === 'uidmap'
      ? 'this virtiofsd needs a range of user ids, which takes the package uidmap and entries for this user in /etc/subuid and /etc/subgid'
      : 'this system forbids user namespaces to ordinary users (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)';
  const sudo = findProgram('sudo');
  if (sudo === undefined) {
    throw new VmError(
      'NO_SANDBOX',
      `The guest cannot be given a read-only view of the host's files: ${why}; see to that, install sudo, or run this as root.`,
    );
  }
  const { uid, gid } = userInfo();
  return {
    argv: [sudo, '--', unshare, ...NAMESPACES],
    note: `sudo is asked for, because ${why}.`,
    owner: { uid, gid },
    openFiles: undefined,
    unowned: false,
  };
}

/** CAP_SYS_RESOURCE (bit 24) in the first user namespace raises hard limits. */
function mayRaiseLimits(): boolean {
  const capabilities = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const mapped = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
  return (BigInt(`0x${capabilities}`) >> 24n) % 2n === 1n && mapped[2] === '4294967295';
}

function hardOpenFiles(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
}

/**
 * Starts the sandbox. Its processes end with this one, however it ends: setpriv asks the kernel to kill unshare with
 * its parent, unshare asks the same for the sandbox's first process, and that is process 1 of its namespace.
 * Through sudo, which forgets the first of these, the first process still sees its input end.
 */
export function startSandbox(privilege: Privilege, plan: SandboxPlan): ChildProcess {
  const main = fileURLToPath(new URL('./sandbox-main.js', import.meta.url));
  const setpriv = needProgram('setpriv');
  const argv = ['--pdeathsig=KILL', '--', ...privilege.argv, process.execPath, main];
  const child = spawn(setpriv, argv, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: sandboxEnvironment(),
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(`${JSON.stringify(plan)}\n`);
  return child;
}

/** The sandbox needs to find programs, nothing else: NODE_OPTIONS and the like are for the caller. */
function sandboxEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C.UTF-8' };
}
