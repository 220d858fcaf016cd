import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { Cgroup } from '../../cgroup/index.js';
import type { Subject } from '../evaluate/index.js';
import { type Files, realFiles } from '../files/index.js';
import { Essentials, SSHD } from './essentials.js';
import { loginShells } from './login-shells.js';
import type { Actor, Essential, Machine } from './machine.js';
import { processIds, type RunningProcess, runningProcess } from './processes.js';

/**
 * This machine as it is now: its files, and the processes without which nobody gets back in: init, the shells and whatever
 * else runs this process, sshd, and this process itself, each with the dynamic loader and the libraries that it has mapped.
 *
 * What of other processes cannot be read without privilege is left out.
 */
export function thisMachine(): Machine {
  const files = realFiles();
  return { files, actors: actorsOf(files), hasCgroup };
}

function hasCgroup(path: string): boolean | null {
  try {
    return existsSync(posix.join(Cgroup.root().path, path));
  } catch {
    return null;
  }
}

function actorsOf(files: Files): Actor[] {
  const own = runningProcess(process.pid, files);
  const init = runningProcess(1, files);
  const sshd = processIds()
    .map((pid) => runningProcess(pid, files))
    .find((one) => one?.name === 'sshd' && one.parent === 1);
  const essentials = new Essentials(files);
  const running = (one: RunningProcess, more: Essential[]) => [...essentials.ofRunning(one), ...more];
  const ofSshd = essentials.ofSshd(loginShells());
  return [
    ...(init && init.pid !== own?.pid
      ? [{ name: 'init', subject: init.subject, essentials: running(init, essentials.ofInit()) }]
      : []),
    ...ancestors(own, files).map((one) => ({
      name: `${one.name}, which runs this,`,
      subject: one.subject,
      essentials: running(one, essentials.ofShell()),
    })),
    ...(sshd
      ? [{ name: 'sshd', subject: sshd.subject, essentials: running(sshd, ofSshd) }]
      : existsSync(SSHD)
        ? [{ name: 'sshd', subject: asRoot(files, SSHD), essentials: ofSshd }]
        : []),
    ...(own
      ? [
          {
            name: 'this tool',
            subject: own.subject,
            essentials: running(own, essentials.ofTool(process.argv[1] ?? '')),
          },
        ]
      : []),
  ];
}

/** What has started a process, and what has started that, without init. */
function ancestors(of: RunningProcess | undefined, files: Files): RunningProcess[] {
  const parent = of && of.parent > 1 ? runningProcess(of.parent, files) : undefined;
  return parent ? [parent, ...ancestors(parent, files)] : [];
}

function asRoot(files: Files, executable: string): Subject {
  const none = { real: 0, effective: 0 };
  return { uids: none, gids: none, executable: files.file(executable), cgroup: '/', domains: [] };
}
