import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { Cgroup } from '../../cgroup/index.js';
import type { Acted, Subject } from '../evaluate/index.js';
import { type Files, realFiles } from '../files/index.js';
import type { CapabilityName, Operation } from '../model/index.js';
import type { Actor, Essential, Machine } from './machine.js';
import { processIds, type RunningProcess, runningProcess } from './processes.js';

const SSHD = '/usr/sbin/sshd';
const SSH_PORT = 22;
const SHELL = '/bin/sh';
const OWN_PINS = '/sys/fs/bpf/bpf-lsm';

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
  const say = essentials(files);
  const running = (one: RunningProcess, more: Essential[]) => [...say.running(one), ...more];
  return [
    ...(init && init.pid !== own?.pid
      ? [{ name: 'init', subject: init.subject, essentials: running(init, say.init()) }]
      : []),
    ...ancestors(own, files).map((one) => ({
      name: `${one.name}, which runs this,`,
      subject: one.subject,
      essentials: running(one, say.shell()),
    })),
    ...(sshd
      ? [{ name: 'sshd', subject: sshd.subject, essentials: running(sshd, say.sshd()) }]
      : existsSync(SSHD)
        ? [{ name: 'sshd', subject: asRoot(files, SSHD), essentials: say.sshd() }]
        : []),
    ...(own ? [{ name: 'this tool', subject: own.subject, essentials: running(own, say.tool()) }] : []),
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

function essentials(files: Files) {
  const onFile = (operation: Operation, verb: string, path: string): Essential[] => {
    const acted = existsSync(path) ? files.file(path) : null;
    return acted ? [{ what: `${verb} ${path}`, operation, acted }] : [];
  };
  const execute = (path: string) => onFile('exec', 'execute', path);
  const read = (path: string) => onFile('read', 'read', path);
  const load = (path: string) => [...read(path), ...onFile('map-exec', 'map', path)];
  const use = (capability: CapabilityName): Essential => ({
    what: `use ${capability}`,
    operation: 'capability',
    acted: { kind: 'capability', capability },
  });
  const plain = (operation: Operation, what: string, acted: Acted = { kind: 'nothing' }): Essential => ({
    what,
    operation,
    acted,
  });
  const changeIds = () => [
    plain('set-uid', 'change its user id'),
    plain('set-gid', 'change its group id'),
    use('CAP_SETUID'),
    use('CAP_SETGID'),
  ];
  const listenAt = (family: 4 | 6): Acted => ({
    kind: 'ip',
    address: { family, bits: 0n },
    port: SSH_PORT,
    transport: 'tcp',
  });
  return {
    running: ({ executable, mapped }: RunningProcess) => [
      ...(executable === null ? [] : execute(executable)),
      ...mapped.flatMap(load),
    ],
    init: () => [...execute(SHELL), ...read('/etc/passwd'), ...changeIds(), use('CAP_SYS_ADMIN')],
    shell: () => [...execute(SHELL), ...read('/etc/passwd'), ...read('/dev/tty'), ...execute('/sbin/reboot')],
    sshd: () => [
      ...execute(SSHD),
      ...execute(SHELL),
      ...read('/etc/ssh/sshd_config'),
      ...read('/etc/passwd'),
      ...changeIds(),
      plain('socket', 'make a socket', {
        kind: 'socket',
        family: 'AF_INET',
        type: 'SOCK_STREAM',
        protocol: undefined,
      }),
      ...(['bind', 'listen', 'accept'] as const).flatMap((operation) =>
        ([4, 6] as const).map((family) =>
          plain(operation, `${operation} at port ${SSH_PORT}`, listenAt(family)),
        ),
      ),
    ],
    tool: () => [
      ...read(process.argv[1] ?? ''),
      ...read(OWN_PINS),
      ...['BPF_OBJ_GET', 'BPF_MAP_LOOKUP_ELEM', 'BPF_MAP_UPDATE_ELEM'].map((command) =>
        plain('bpf', `call bpf(${command})`, { kind: 'bpf', command, programType: undefined }),
      ),
      use('CAP_BPF'),
      use('CAP_PERFMON'),
      use('CAP_SYS_ADMIN'),
    ],
  };
}
