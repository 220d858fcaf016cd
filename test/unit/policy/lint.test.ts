import { describe, expect, test } from 'vitest';
import type { Acted, Subject } from '../../../src/policy/evaluate/index.js';
import { type Actor, lint, type Machine, thisMachine } from '../../../src/policy/lint/index.js';
import { definePolicy, type PolicyInput, type RuleInput } from '../../../src/policy/schema/index.js';
import { parsePolicies } from '../../../src/policy/yaml/index.js';
import { VirtualFiles } from '../../support/virtual-files.js';

const files = new VirtualFiles([
  '/usr/bin/bash',
  '/usr/lib/systemd/systemd',
  '/usr/lib/ld-linux.so.2',
  '/etc/passwd',
  '/srv/data/file',
  '/tmp/',
]);
files.symlink('/usr/bin', '/bin');
files.mkdir('/merged');
files.mount('overlay', '/merged');
files.write('/merged/file');

const root: Subject = {
  uids: { real: 0, effective: 0 },
  gids: { real: 0, effective: 0 },
  executable: files.file('/usr/lib/systemd/systemd'),
  cgroup: '/init.scope',
  domains: [],
};

const on = (path: string): Acted => {
  const file = files.file(path);
  if (!file) throw new Error(`there is no directory for ${path}`);
  return file;
};

const init: Actor = {
  name: 'init',
  subject: root,
  essentials: [
    { what: 'execute /usr/lib/systemd/systemd', operation: 'exec', acted: on('/usr/lib/systemd/systemd') },
    { what: 'map /usr/lib/ld-linux.so.2', operation: 'map-exec', acted: on('/usr/lib/ld-linux.so.2') },
  ],
};
const shell: Actor = {
  name: 'bash',
  subject: { ...root, executable: files.file('/usr/bin/bash'), cgroup: '/user.slice/session' },
  essentials: [
    { what: 'execute /bin/bash', operation: 'exec', acted: on('/bin/bash') },
    { what: 'read /etc/passwd', operation: 'read', acted: on('/etc/passwd') },
  ],
};

const machine: Machine = { files, actors: [init, shell], hasCgroup: (path) => path === '/user.slice' };

const make = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}) =>
  definePolicy({ name: 'a', scope: { cgroup: '/user.slice' }, mode: 'enforce', rules, ...more });

/** Level, code and rule of each finding. */
const found = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}) =>
  lint([make(rules, more)], machine).map(({ level, code, rule }) =>
    [level, code, ...(rule === undefined ? [] : [rule])].join(' '),
  );

const messages = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}) =>
  lint([make(rules, more)], machine).map(({ message }) => message);

describe('a policy that would lock one out', () => {
  test('is refused, by the rule that does it', () => {
    expect(
      messages([{ deny: ['exec', 'map-exec'], objects: [{ beneath: '/usr' }] }], { scope: 'host' }),
    ).toEqual([
      'it would lock you out: init could not execute /usr/lib/systemd/systemd, init could not map /usr/lib/ld-linux.so.2, bash could not execute /bin/bash; take that out of the rule, or allow it by a nearer one',
    ]);
  });

  test('is none for those whom it does not govern', () => {
    const rules: RuleInput[] = [{ deny: ['exec', 'map-exec'], objects: [{ beneath: '/usr' }] }];
    expect(messages(rules)[0]).toMatch(/^it would lock you out: bash could not execute \/bin\/bash; take/);
    expect(found(rules, { scope: { domain: 'builder' } })).toEqual([]);
    expect(found(rules, { when: { uids: [1000] } })).toEqual([]);
  });

  test('is none when a nearer rule allows what is needed', () => {
    const rules: RuleInput[] = [
      { deny: ['exec', 'map-exec'], objects: [{ beneath: '/usr' }] },
      { allow: ['exec'], objects: [{ path: '/usr/bin/bash' }] },
    ];
    expect(found(rules)).toEqual([]);
  });

  test('is refused for its default as well, and only warned of while it is audited', () => {
    expect(found([], { defaults: { files: 'deny' } })).toEqual(['error lockout']);
    expect(found([], { defaults: { files: 'deny' }, mode: 'audit' })).toEqual([
      'warning lockout',
      'note audit',
    ]);
  });

  test('is found among others', () => {
    const good = make([
      { allow: ['exec'] },
      { deny: ['exec'], objects: [{ path: '/tmp/x' }] },
      { deny: ['map-exec'], objects: [{ path: '/tmp/x' }] },
    ]);
    const bad = make([{ deny: ['read'], objects: [{ path: '/etc/passwd' }] }], { name: 'bad' });
    const errors = lint([good, bad], machine).filter(({ level }) => level === 'error');
    expect(errors.map(({ policy, rule }) => [policy, rule])).toEqual([['bad', 0]]);
  });
});

describe('objects', () => {
  const read = (path: string): RuleInput[] => [{ deny: ['read', 'write'], objects: [{ path }] }];

  test.each<[string, RuleInput[], string[]]>([
    ['that are there', read('/srv/data/file'), []],
    ['that are not there yet', read('/srv/data/new'), ['note not-there 0']],
    ['whose directory is not there', read('/srv/none/new'), ['error no-directory 0']],
    ['below a symbolic link', [{ deny: ['write'], objects: [{ path: '/bin/bash' }] }], ['note symlink 0']],
    ['on a file system that lies about inodes', read('/merged/file'), ['note identity 0']],
    ['that are directories where files are meant', read('/srv/data'), ['warning never-matches 0']],
    [
      'that are directories, with what is beneath',
      [{ deny: ['read', 'write'], objects: [{ beneath: '/srv/data' }] }],
      [],
    ],
    [
      'that are unix sockets',
      [{ deny: ['connect'], objects: [{ unix: '/srv/none/sock' }] }],
      ['error no-directory 0'],
    ],
  ])('%s', (_, rules, expected) => {
    expect(found(rules)).toEqual(expected);
  });

  test('and cgroups and executables', () => {
    expect(found([], { scope: { cgroup: '/none' } })).toEqual(['error no-cgroup']);
    expect(found([], { when: { executables: [{ path: '/srv/none/x' }, { path: '/srv/x' }] } })).toEqual([
      'error no-directory',
      'note not-there',
    ]);
  });
});

describe('rules', () => {
  const file = [{ path: '/srv/data/file' }];

  test.each<[string, RuleInput[], string[]]>([
    [
      'that say the same',
      [
        { deny: ['read'], objects: file },
        { deny: ['read', 'write'], objects: file },
      ],
      ['note duplicate 1'],
    ],
    [
      'that say the opposite',
      [
        { deny: ['read'], objects: file },
        { allow: ['read'], objects: file },
      ],
      ['warning contradiction 1'],
    ],
    [
      'that say the opposite, the other way round',
      [
        { allow: ['read'], objects: file },
        { deny: ['read'], objects: file },
      ],
      ['warning contradiction 1'],
    ],
    ['that name an object twice', [{ deny: ['read'], objects: [...file, ...file] }], ['note duplicate 0']],
    [
      'that say the same of anything',
      [{ deny: ['kexec'] }, { deny: ['kexec', 'perf'] }],
      ['note duplicate 1'],
    ],
    [
      'that a directory above has said already',
      [
        { deny: ['write'], objects: [{ beneath: '/srv' }] },
        { deny: ['write'], objects: [{ beneath: '/srv/data' }, ...file] },
      ],
      ['note redundant 1', 'note redundant 1'],
    ],
    [
      'that a directory above has said already, but for one between',
      [
        { deny: ['write'], objects: [{ beneath: '/srv' }] },
        { allow: ['write'], objects: [{ beneath: '/srv/data' }] },
        { deny: ['write'], objects: file },
      ],
      [],
    ],
    [
      'of which something else may come between',
      [
        { deny: ['write'], objects: [{ beneath: '/srv' }] },
        { allow: ['write'], objects: [{ owner: 5 }] },
        { deny: ['write'], objects: file },
      ],
      [],
    ],
    ['that allow what nothing denies', [{ allow: ['read'], objects: file }], ['warning no-effect 0']],
    [
      'that allow what something denies',
      [
        { allow: ['read'], objects: file },
        { deny: ['read'], objects: [{ beneath: '/srv' }] },
      ],
      [],
    ],
    ['that deny exec and leave the loader', [{ deny: ['exec'], objects: file }], ['note loader 0']],
    ['that deny exec and map-exec', [{ deny: ['exec', 'map-exec'], objects: file }], []],
  ])('%s', (_, rules, expected) => {
    expect(found(rules)).toEqual(expected);
  });

  test('that deny by default on the whole host should be audited first', () => {
    expect(found([], { scope: 'host', defaults: { kernel: 'deny' } })).toEqual(['warning broad']);
    expect(found([], { scope: 'host', defaults: { kernel: 'deny' }, mode: 'audit' })).toEqual(['note audit']);
  });

  test('are pointed to in the text that they were read from', () => {
    const text = `name: a
scope: host
mode: enforce
rules:
  - deny: [write]
    objects:
      - path: /srv/none/x
`;
    const [finding] = lint(parsePolicies(text, 'a.yaml'), machine);
    expect(finding).toMatchObject({ file: 'a.yaml', line: 7, column: 9, policy: 'a', rule: 0 });
  });
});

describe('this machine', () => {
  test('has processes that must not be locked out, this one among them', () => {
    const machine = thisMachine();
    const own = machine.actors.find(({ name }) => name === 'this tool');
    expect(own?.subject.executable).toMatchObject({ kind: 'file', complete: true });
    const node = machine.files.anchor(process.execPath);
    expect(node?.inodes).toContain(own?.subject.executable?.steps[0]?.inode);
    expect(own?.essentials.map(({ what }) => what)).toContain(`execute ${process.execPath}`);

    const all = make([{ deny: ['exec'] }], { scope: 'host' });
    const none = make([{ deny: ['exec', 'map-exec'], objects: [{ name: 'no-such-file' }] }], {
      scope: 'host',
    });
    const lockouts = (policy: typeof all) => lint([policy], machine).filter(({ code }) => code === 'lockout');
    expect(lockouts(all)).toMatchObject([{ level: 'error', rule: 0 }]);
    expect(lockouts(none)).toEqual([]);
  });
});
