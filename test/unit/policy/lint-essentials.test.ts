import { describe, expect, test } from 'vitest';
import type { Subject } from '../../../src/policy/evaluate/index.js';
import { Essentials } from '../../../src/policy/lint/essentials.js';
import { type Actor, lint, type Machine, thisMachine } from '../../../src/policy/lint/index.js';
import { shellsOfRoot } from '../../../src/policy/lint/login-shells.js';
import type { PolicyInput, RuleInput } from '../../../src/policy/schema/index.js';
import { make } from '../../support/policy-setting.js';
import { VirtualFiles } from '../../support/virtual-files.js';

const files = new VirtualFiles([
  '/bin/sh',
  '/bin/bash',
  '/etc/passwd',
  '/dev/tty',
  '/dev/ptmx',
  '/usr/sbin/sshd',
  '/usr/lib/openssh/sshd-session',
  '/usr/lib/openssh/sshd-auth',
  '/usr/libexec/',
  '/usr/lib/openssh/sftp-server',
  '/srv/file',
  '/opt/tool.js',
]);
const subject: Subject = {
  uids: { real: 0, effective: 0 },
  gids: { real: 0, effective: 0 },
  executable: files.file('/bin/sh'),
  cgroup: '/',
  domains: [],
};
const essentials = new Essentials(files);
const actors: Actor[] = [
  { name: 'shell', subject, essentials: essentials.ofShell() },
  { name: 'sshd', subject, essentials: essentials.ofSshd(['/bin/bash']) },
  { name: 'tool', subject, essentials: essentials.ofTool('/opt/tool.js') },
];

/** What the policies would stop, each by itself: the message names three of several only. */
function stopped(rules: readonly RuleInput[], more: Partial<PolicyInput> = {}): string[] {
  const policies = [make(rules, more)];
  return actors.flatMap(({ essentials, ...actor }) =>
    essentials.flatMap((essential) => {
      const machine: Machine = {
        files,
        actors: [{ ...actor, essentials: [essential] }],
        hasCgroup: () => null,
      };
      const locksOut = lint(policies, machine).some(
        ({ code, level }) => code === 'lockout' && level === 'error',
      );
      return locksOut ? [`${actor.name}: ${essential.what}`] : [];
    }),
  );
}

const command = (command: string) => [{ deny: ['bpf' as const], objects: [{ command }] }];

describe('who gets in', () => {
  test('writes to a terminal', () => {
    expect(stopped([{ deny: ['write'], objects: [{ beneath: '/' }] }])).toEqual([
      'shell: write /dev/tty',
      'sshd: write /dev/ptmx',
    ]);
    expect(stopped([{ deny: ['write'], objects: [{ path: '/dev/tty' }] }])).toEqual([
      'shell: write /dev/tty',
    ]);
    expect(
      stopped([
        { deny: ['write'], objects: [{ beneath: '/' }] },
        { allow: ['write'], objects: [{ beneath: '/dev' }] },
      ]),
    ).toEqual([]);
  });

  test('is let in by programs of sshd, as far as they are there', () => {
    const programs = ['/usr/lib/openssh/sshd-session', '/usr/lib/openssh/sshd-auth'];
    expect(stopped([{ deny: ['exec'], objects: [{ beneath: '/usr/lib/openssh' }] }])).toEqual(
      programs.map((path) => `sshd: execute ${path}`),
    );
    expect(stopped([{ deny: ['exec'], objects: [{ path: '/usr/libexec/openssh' }] }])).toEqual([]);
    expect(
      stopped([
        { deny: ['exec'], objects: [{ beneath: '/usr/lib/openssh' }] },
        { allow: ['exec'], objects: programs.map((path) => ({ path })) },
      ]),
    ).toEqual([]);
  });

  test('has a login shell', () => {
    expect(stopped([{ deny: ['exec'], objects: [{ path: '/bin/bash' }] }])).toEqual([
      'sshd: execute /bin/bash',
    ]);
    expect(stopped([{ deny: ['exec'], objects: [{ path: '/srv/file' }] }])).toEqual([]);
  });

  test('is not spoken to before sshd has changed its root directory', () => {
    expect(stopped([{ deny: ['chroot'] }])).toEqual(['sshd: change its root directory']);
    expect(stopped([{ deny: ['capability'], objects: [{ capability: 'CAP_SYS_CHROOT' }] }])).toEqual([
      'sshd: use CAP_SYS_CHROOT',
    ]);
    expect(stopped([{ deny: ['pivot-root'] }])).toEqual([]);
    expect(stopped([{ deny: ['capability'], objects: [{ capability: 'CAP_SYS_BOOT' }] }])).toEqual([]);
  });
});

describe('this tool', () => {
  test('is compiled while it runs', () => {
    const both = ['tool: make memory executable', 'tool: have memory that is writable and executable'];
    expect(stopped([], { defaults: { memory: 'deny' } })).toEqual(both);
    expect(stopped([{ deny: ['make-exec'] }])).toEqual(both.slice(0, 1));
    expect(stopped([{ deny: ['map-write-exec'] }])).toEqual(both.slice(1));
    expect(stopped([{ allow: ['make-exec', 'map-write-exec'] }], { defaults: { memory: 'deny' } })).toEqual(
      [],
    );
  });

  test.each([
    'BPF_PROG_LOAD',
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
  ])('calls bpf(%s)', (name) => {
    expect(stopped(command(name))).toEqual([`tool: call bpf(${name})`]);
  });

  test('does without other calls of bpf(2)', () => {
    for (const name of ['BPF_RAW_TRACEPOINT_OPEN', 'BPF_PROG_GET_FD_BY_ID', 'BPF_TOKEN_CREATE'])
      expect(stopped(command(name))).toEqual([]);
  });

  test('loads programs of the type with which libbpf begins', () => {
    const only = (...types: string[]): RuleInput[] => [
      ...command('BPF_PROG_LOAD'),
      { allow: ['bpf'], objects: types.map((programType) => ({ programType })) },
    ];
    expect(stopped(only('BPF_PROG_TYPE_SOCKET_FILTER', 'BPF_PROG_TYPE_LSM'))).toEqual([]);
    expect(stopped(only('BPF_PROG_TYPE_XDP'))).toEqual(['tool: call bpf(BPF_PROG_LOAD)']);
    expect(stopped([{ deny: ['bpf'], objects: [{ programType: 'BPF_PROG_TYPE_LSM' }] }])).toEqual([]);
  });

  test('is held against policies with all of that', () => {
    const own = thisMachine().actors.find(({ name }) => name === 'this tool');
    const needed = own?.essentials.map(({ what }) => what);
    expect(needed).toEqual(expect.arrayContaining(essentials.ofTool('/srv/none').map(({ what }) => what)));
  });
});

describe('the login shells of root', () => {
  test('are those of all accounts with its id', () => {
    const passwd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
toor:x:0:0::/root:/bin/zsh
again:x:0:0::/root:/bin/bash
me:x:1000:1000:,,,:/home/me:/usr/bin/fish
`;
    expect(shellsOfRoot(passwd)).toEqual(['/bin/bash', '/bin/zsh']);
  });

  test('are not what turns everybody away', () => {
    expect(
      shellsOfRoot(
        'root:x:0:0::/root:/usr/sbin/nologin\nstop:x:0:0::/:/bin/false\nnone:x:0:0::/:\nbroken:x:0\n',
      ),
    ).toEqual([]);
  });
});
