import type { Acted } from '../evaluate/index.js';
import type { Files } from '../files/index.js';
import type { CapabilityName, OperationOn } from '../model/index.js';
import type { Essential } from './machine.js';
import type { RunningProcess } from './processes.js';

export const SSHD = '/usr/sbin/sshd';
const SSH_PORT = 22;
const SHELL = '/bin/sh';
const OWN_PINS = '/sys/fs/bpf/bpf-lsm';

/** What sshd executes for each connection since OpenSSH 9.8, where Debian has it and where Fedora does. */
const SSHD_PROGRAMS = ['/usr/lib/openssh', '/usr/libexec/openssh'].flatMap((directory) =>
  ['sshd-session', 'sshd-auth'].map((name) => `${directory}/${name}`),
);

/** What is asked of bpf(2) to apply, confirm, roll back, look at and remove policies, besides loading programs. */
const BPF_COMMANDS = [
  'BPF_BTF_LOAD',
  'BPF_MAP_CREATE',
  'BPF_MAP_FREEZE',
  'BPF_MAP_GET_FD_BY_ID',
  'BPF_MAP_LOOKUP_ELEM',
  'BPF_MAP_LOOKUP_BATCH',
  'BPF_MAP_UPDATE_ELEM',
  'BPF_MAP_UPDATE_BATCH',
  'BPF_MAP_DELETE_ELEM',
  'BPF_OBJ_PIN',
  'BPF_OBJ_GET',
  'BPF_OBJ_GET_INFO_BY_FD',
  'BPF_LINK_CREATE',
];

/** What processes cannot do without, on a machine with these files; those that are not there nobody needs. */
export class Essentials {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  ofRunning({ executable, mapped }: Pick<RunningProcess, 'executable' | 'mapped'>): Essential[] {
    return [
      ...(executable === null ? [] : this.#execute(executable)),
      ...mapped.flatMap((path) => this.#load(path)),
    ];
  }

  ofInit(): Essential[] {
    return [...this.#execute(SHELL), ...this.#read('/etc/passwd'), ...changeIds(), use('CAP_SYS_ADMIN')];
  }

  ofShell(): Essential[] {
    return [
      ...this.#execute(SHELL),
      ...this.#read('/etc/passwd'),
      ...this.#read('/dev/tty'),
      ...this.#write('/dev/tty'),
      ...this.#execute('/sbin/reboot'),
    ];
  }

  /** @param loginShells - of those who are to get in, besides /bin/sh */
  ofSshd(loginShells: readonly string[]): Essential[] {
    const executed = new Set([SSHD, ...SSHD_PROGRAMS, SHELL, ...loginShells]);
    return [
      ...[...executed].flatMap((path) => this.#execute(path)),
      ...this.#read('/etc/ssh/sshd_config'),
      ...this.#read('/etc/passwd'),
      ...this.#write('/dev/ptmx'),
      ...changeIds(),
      ...changeRoot(),
      ...serve(),
    ];
  }

  /** @param script - what node runs */
  ofTool(script: string): Essential[] {
    return [
      ...this.#read(script),
      ...this.#read(OWN_PINS),
      ...compile(),
      ...callBpf(),
      use('CAP_BPF'),
      use('CAP_PERFMON'),
      use('CAP_SYS_ADMIN'),
    ];
  }

  #execute(path: string): Essential[] {
    return this.#onFile('exec', 'execute', path);
  }

  #read(path: string): Essential[] {
    return this.#onFile('read', 'read', path);
  }

  #write(path: string): Essential[] {
    return this.#onFile('write', 'write', path);
  }

  #load(path: string): Essential[] {
    return [...this.#read(path), ...this.#onFile('map-exec', 'map', path)];
  }

  #onFile(operation: OperationOn<'file'>, verb: string, path: string): Essential[] {
    const there = (this.#files.find(path)?.kind ?? null) !== null;
    const acted = there ? this.#files.file(path) : null;
    return acted ? [{ what: `${verb} ${path}`, operation, acted }] : [];
  }
}

function use(capability: CapabilityName): Essential {
  return { what: `use ${capability}`, operation: 'capability', acted: { kind: 'capability', capability } };
}

function plain(operation: OperationOn<'nothing'>, what: string): Essential {
  return { what, operation, acted: { kind: 'nothing' } };
}

function changeIds(): Essential[] {
  return [
    plain('set-uid', 'change its user id'),
    plain('set-gid', 'change its group id'),
    use('CAP_SETUID'),
    use('CAP_SETGID'),
  ];
}

/** What sshd does before it listens to whom it does not know yet. */
function changeRoot(): Essential[] {
  return [plain('chroot', 'change its root directory'), use('CAP_SYS_CHROOT')];
}

function serve(): Essential[] {
  return [
    {
      what: 'make a socket',
      operation: 'socket',
      acted: { kind: 'socket', family: 'AF_INET', type: 'SOCK_STREAM', protocol: undefined },
    },
    ...(['bind', 'listen', 'accept'] as const).flatMap((operation) =>
      ([4, 6] as const).map((family) => atPort(operation, family)),
    ),
  ];
}

function atPort(operation: OperationOn<'address'>, family: 4 | 6): Essential {
  const acted: Acted = {
    kind: 'ip',
    address: { family, bits: 0n },
    port: SSH_PORT,
    transport: 'tcp',
  };
  return { what: `${operation} at port ${SSH_PORT}`, operation, acted };
}

/** What V8 does to the memory that is for its code, all by mprotect(2). */
function compile(): Essential[] {
  return [
    plain('make-exec', 'make memory executable'),
    plain('map-write-exec', 'have memory that is writable and executable'),
  ];
}

function callBpf(): Essential[] {
  return [
    // Before all that it is told to load, if only maps: libbpf.c bpf_object__probe_loading().
    call('BPF_PROG_LOAD', 'BPF_PROG_TYPE_SOCKET_FILTER'),
    ...BPF_COMMANDS.map((command) => call(command)),
  ];
}

function call(command: string, programType?: string): Essential {
  return { what: `call bpf(${command})`, operation: 'bpf', acted: { kind: 'bpf', command, programType } };
}
