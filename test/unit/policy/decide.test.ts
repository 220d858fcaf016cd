import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Acted, decide, judge, type Subject } from '../../../src/policy/evaluate/index.js';
import {
  ALL_OPERATIONS,
  isIn,
  type Operation,
  type Policy,
  parseNetwork,
  targetOf,
} from '../../../src/policy/model/index.js';
import { definePolicy, type PolicyInput, type RuleInput } from '../../../src/policy/schema/index.js';
import { network, policyInput } from '../../support/policies.js';
import { VirtualFiles } from '../../support/virtual-files.js';

const files = new VirtualFiles([
  '/etc/passwd',
  '/etc/ssl/key.pem',
  '/usr/bin/sh',
  '/home/me/work/.git/config',
  '/tmp/',
  '/x/y',
  '/home/no',
]);

const subject: Subject = {
  uids: { real: 1000, effective: 1000 },
  gids: { real: 1000, effective: 1000 },
  executable: files.file('/usr/bin/sh'),
  cgroup: '/user.slice/me',
  domains: ['builder'],
};

const make = (rules: readonly RuleInput[], more: Partial<PolicyInput> = {}): Policy =>
  definePolicy({ name: 'a', scope: 'host', mode: 'enforce', rules, ...more });

const place = (files: VirtualFiles, path: string): Acted => {
  const file = files.file(path);
  if (!file) throw new Error(`there is no directory for ${path}`);
  return file;
};

/** What one policy says of a path. */
const effect = (rules: readonly RuleInput[], operation: Operation, path: string, among = files) =>
  judge(make(rules), operation, [place(among, path)], among.anchor).effect;

describe('inside a policy', () => {
  test('the nearest rule wins', () => {
    const rules: RuleInput[] = [
      { deny: ['write'], objects: [{ beneath: '/' }] },
      { allow: ['write'], objects: [{ beneath: '/home/me' }] },
      { deny: ['write'], objects: [{ name: 'config' }] },
      { allow: ['write'], objects: [{ path: '/home/me/work/.git/config' }] },
      { deny: ['write'], objects: [{ beneath: '/home/me/work/.git' }] },
    ];
    const written = [
      '/etc/passwd',
      '/home/me/new',
      '/home/me/work/.git/new',
      '/home/me/work/.git/config',
      '/home/me/config',
    ];
    expect(written.map((path) => effect(rules, 'write', path))).toEqual([
      'deny',
      'allow',
      'deny',
      'allow',
      'deny',
    ]);
    expect(effect(rules, 'read', '/etc/passwd')).toBe('allow');
  });

  test('of several that are equally near, one that denies does', () => {
    const rules: RuleInput[] = [
      { allow: ['read'], objects: [{ path: '/etc/passwd' }] },
      { deny: ['read'], objects: [{ path: '/etc/passwd' }] },
      { allow: ['read'], objects: [{ path: '/etc/passwd' }] },
    ];
    expect(judge(make(rules), 'read', [place(files, '/etc/passwd')], files.anchor).by).toEqual({
      kind: 'rule',
      rule: 1,
    });
  });

  test('a rule without objects is the farthest, and the default of the class farther still', () => {
    const policy = make(
      [{ allow: ['read', 'connect'] }, { deny: ['read'], objects: [{ beneath: '/etc' }] }],
      {
        defaults: { files: 'deny' },
      },
    );
    const say = (operation: Operation, path: string) =>
      judge(policy, operation, [place(files, path)], files.anchor);
    expect(say('read', '/etc/passwd')).toMatchObject({ effect: 'deny', by: { kind: 'rule', rule: 1 } });
    expect(say('read', '/usr/bin/sh')).toMatchObject({ effect: 'allow', by: { kind: 'rule', rule: 0 } });
    expect(say('write', '/usr/bin/sh')).toMatchObject({ effect: 'deny', by: { kind: 'default' } });
    expect(judge(policy, 'load-module', [{ kind: 'nothing' }], files.anchor)).toMatchObject({
      effect: 'allow',
    });
  });

  test('an operation on several things needs all of them', () => {
    const policy = make([{ deny: ['rename'], objects: [{ beneath: '/etc' }] }]);
    const rename = (from: string, to: string) =>
      judge(policy, 'rename', [place(files, from), place(files, to)], files.anchor).effect;
    expect([rename('/etc/passwd', '/tmp/p'), rename('/x/y', '/etc/new'), rename('/x/y', '/tmp/y')]).toEqual([
      'deny',
      'deny',
      'allow',
    ]);
  });

  test('a way that does not end is for onExhaustion to decide, where a rule could have been met on it', () => {
    const lost = { ...place(files, '/etc/passwd'), complete: false } as Acted;
    const say = (rules: RuleInput[], onExhaustion: 'allow' | 'deny') =>
      judge(make(rules, { onExhaustion }), 'read', [lost], files.anchor);
    const beneath: RuleInput = { deny: ['read'], objects: [{ beneath: '/x' }] };
    expect(say([beneath], 'deny')).toMatchObject({ effect: 'deny', by: { kind: 'exhaustion' } });
    expect(say([beneath], 'allow')).toMatchObject({ effect: 'allow', by: { kind: 'exhaustion' } });
    expect(say([{ deny: ['read'], objects: [{ path: '/x' }] }], 'deny').by).toEqual({ kind: 'default' });
    expect(say([{ deny: ['write'], objects: [{ beneath: '/x' }] }], 'deny').by).toEqual({ kind: 'default' });
    const met: RuleInput = { allow: ['read'], objects: [{ beneath: '/etc' }] };
    expect(say([beneath, met], 'deny')).toMatchObject({ effect: 'allow', by: { kind: 'rule', rule: 1 } });
  });
});

describe('files are what they are, not what they are called', () => {
  const deny: RuleInput[] = [{ deny: ['read'], objects: [{ beneath: '/secret' }, { path: '/etc/shadow' }] }];

  test.each<[string, string, (files: VirtualFiles) => void]>([
    ['by a symbolic link', '/tmp/link/inner/file', (files) => files.symlink('/secret', '/tmp/link')],
    [
      'by a hard link of a file that is named',
      '/tmp/hard',
      (files) => files.link('/etc/shadow', '/tmp/hard'),
    ],
    [
      'after a rename of the directory',
      '/tmp/moved/inner/file',
      (files) => files.rename('/secret', '/tmp/moved'),
    ],
    ['by a bind mount of the directory', '/mnt/inner/file', (files) => files.bind('/secret', '/mnt')],
    ['by a bind mount of a directory in it', '/mnt/file', (files) => files.bind('/secret/inner', '/mnt')],
    [
      'on another file system that is mounted in it',
      '/secret/inner/deep',
      (files) => {
        files.mount('tmpfs', '/secret/inner');
        files.write('/secret/inner/deep');
      },
    ],
    ['of what did not exist yet', '/secret/new', (files) => files.write('/secret/new')],
    [
      'of another file that came to its place',
      '/etc/shadow',
      (files) => {
        files.write('/tmp/s');
        files.rename('/tmp/s', '/etc/shadow');
      },
    ],
    [
      'of another directory that came to its place',
      '/secret/f',
      (files) => {
        files.rename('/secret', '/old');
        files.write('/tmp/d/f');
        files.rename('/tmp/d', '/secret');
      },
    ],
  ])('%s', (_, path, change) => {
    const files = new VirtualFiles(['/secret/inner/file', '/etc/shadow', '/tmp/', '/mnt/', '/public']);
    const policy = make(deny);
    // What paths stand for when the policy is applied: before the change.
    const anchors = new Map(['/secret', '/etc/shadow'].map((path) => [path, files.anchor(path)]));
    change(files);
    const say = (path: string) =>
      judge(policy, 'read', [place(files, path)], (of) => anchors.get(of) ?? null).effect;
    expect([say(path), say('/public')]).toEqual(['deny', 'allow']);
  });

  test('a rule for a symbolic link is for the link, for what it leads to, and for what will be there', () => {
    const files = new VirtualFiles(['/run/real', '/run/other', '/etc/']);
    files.symlink('/run/real', '/etc/link');
    const policy = make([{ deny: ['write', 'remove'], objects: [{ path: '/etc/link' }] }]);
    const say = (path: string) => judge(policy, 'write', [place(files, path)], files.anchor).effect;
    expect([say('/etc/link'), say('/run/real'), say('/run/other')]).toEqual(['deny', 'deny', 'allow']);
  });

  test('a file system stands at its root: within what it is mounted on, around what is on it', () => {
    const files = new VirtualFiles(['/run/']);
    files.mount('tmpfs', '/run');
    files.write('/run/app/bin');
    files.write('/run/other');
    const say = (rules: RuleInput[], path: string) => effect(rules, 'exec', path, files);
    const tmpfs: RuleInput = { deny: ['exec'], objects: [{ fileSystem: 'tmpfs' }] };
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/run/app' }] }], '/run/app/bin')).toBe(
      'allow',
    );
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/run/app' }] }], '/run/other')).toBe('deny');
    expect(say([tmpfs, { allow: ['exec'], objects: [{ beneath: '/' }] }], '/run/other')).toBe('deny');
  });

  test('a set-id bit and an owner are nearer than any directory', () => {
    const files = new VirtualFiles(['/usr/bin/sh']);
    files.write('/usr/bin/su', { setId: true });
    files.write('/usr/bin/mine', { uid: 1000 });
    const rules: RuleInput[] = [
      { allow: ['exec'], objects: [{ beneath: '/usr/bin' }] },
      { deny: ['exec'], objects: [{ setId: true }, { owner: 1000 }] },
    ];
    expect(['sh', 'su', 'mine'].map((name) => effect(rules, 'exec', `/usr/bin/${name}`, files))).toEqual([
      'allow',
      'deny',
      'deny',
    ]);
  });
});

describe('whom a policy governs', () => {
  const denyAll: RuleInput[] = [{ deny: ['read'] }];
  const governs = (more: Partial<PolicyInput>, by: Partial<Subject> = {}) =>
    decide([make(denyAll, more)], { ...subject, ...by }, 'read', [place(files, '/x/y')], files.anchor).denied;

  test.each<[Partial<PolicyInput>, Partial<Subject>, boolean]>([
    [{ scope: 'host' }, {}, true],
    [{ scope: { cgroup: '/user.slice' } }, {}, true],
    [{ scope: { cgroup: '/user.slice/me' } }, {}, true],
    [{ scope: { cgroup: '/user' } }, {}, false],
    [{ scope: { cgroup: '/' } }, { cgroup: '/' }, true],
    [{ scope: { domain: 'builder' } }, {}, true],
    [{ scope: { domain: 'other' } }, {}, false],
    [{ when: { uids: [1000] } }, {}, true],
    [{ when: { uids: [{ from: 1, to: 999 }] } }, {}, false],
    [{ when: { uids: [1000] } }, { uids: { real: 1000, effective: 0 } }, true],
    [{ when: { uids: [1000] } }, { uids: { real: 0, effective: 1000 } }, true],
    [{ when: { gids: [5] } }, { gids: { real: 5, effective: 0 } }, true],
    [{ when: { uids: [1000], gids: [5] } }, {}, false],
    [{ when: { executables: [{ path: '/usr/bin/sh' }] } }, {}, true],
    [{ when: { executables: [{ path: '/usr/bin' }] } }, {}, false],
    [{ when: { executables: [{ beneath: '/usr' }] } }, {}, true],
    [{ when: { executables: [{ path: '/etc/passwd' }] } }, {}, false],
    [{ when: { executables: [{ beneath: '/' }] } }, { executable: null }, false],
  ])('%j and %j: %s', (more, by, expected) => {
    expect(governs(more, by)).toBe(expected);
  });

  test('of the processes that are acted upon, those that it governs are inside', () => {
    const policy = make([{ deny: ['signal'], objects: [{ scope: 'outside' }] }], {
      scope: { domain: 'builder' },
    });
    const signal = (domains: string[]) =>
      judge(policy, 'signal', [{ kind: 'process', process: { ...subject, domains } }], files.anchor).effect;
    expect([signal(['builder']), signal([])]).toEqual(['allow', 'deny']);
  });
});

describe('addresses', () => {
  const to = (address: string, port = 443, transport: 'tcp' | 'udp' | undefined = 'tcp'): Acted => {
    const { family, bits } = parseNetwork(address);
    return { kind: 'ip', address: { family, bits }, port, transport };
  };
  const say = (rules: RuleInput[], acted: Acted) =>
    judge(make(rules), 'connect', [acted], files.anchor).effect;

  test('the longest prefix wins, then the fewest ports, then a transport', () => {
    const rules: RuleInput[] = [
      { deny: ['connect'] },
      { allow: ['connect'], objects: [{ port: 443 }] },
      { deny: ['connect'], objects: [{ address: '0.0.0.0/0' }] },
      { allow: ['connect'], objects: [{ address: '10.0.0.0/8' }] },
      { deny: ['connect'], objects: [{ address: '10.0.0.0/8', port: { from: 400, to: 500 } }] },
      { allow: ['connect'], objects: [{ address: '10.0.0.0/8', port: 443, transport: 'tcp' }] },
      { deny: ['connect'], objects: [{ address: '10.0.0.0/8', port: 443 }] },
      { deny: ['connect'], objects: [{ address: '10.1.0.0/16', port: 22 }] },
    ];
    const said = [
      to('10.0.0.1'),
      to('10.0.0.1', 443, 'udp'),
      to('10.0.0.1', 450),
      to('10.0.0.1', 80),
      to('192.0.2.1'),
      to('::1'),
      to('::1', 80),
      to('10.1.0.1', 22),
      to('10.1.0.1', 23),
    ];
    expect(said.map((acted) => say(rules, acted))).toEqual([
      'allow',
      'deny',
      'deny',
      'allow',
      'deny',
      'allow',
      'deny',
      'deny',
      'allow',
    ]);
  });

  test('a mapped IPv4 address is an IPv4 address, and no IPv6 one', () => {
    const v4: RuleInput[] = [{ deny: ['connect'], objects: [{ address: '10.0.0.0/8' }] }];
    const v6: RuleInput[] = [{ deny: ['connect'], objects: [{ address: '::/0' }] }];
    expect([say(v4, to('::ffff:a00:1')), say(v6, to('::ffff:a00:1')), say(v6, to('2001:db8::1'))]).toEqual([
      'deny',
      'allow',
      'deny',
    ]);
  });

  test('are in a network if they share its prefix, digit for digit', () => {
    const digits = (bits: bigint, length: number) => bits.toString(2).padStart(length, '0');
    fc.assert(
      fc.property(network, network, fc.boolean(), (a, b, near) => {
        const bits = near && a.family === b.family ? a.bits ^ (1n & b.bits) : b.bits;
        const length = b.family === 4 ? 32 : 128;
        const mapped = b.family === 6 && bits >> 32n === 0xffffn;
        fc.pre(!mapped);
        const same =
          a.family === b.family &&
          digits(bits, length).slice(0, a.prefix) === digits(a.bits, length).slice(0, a.prefix);
        expect(isIn({ family: b.family, bits }, a)).toBe(same);
      }),
    );
  });

  test('unix sockets are files, or abstract names', () => {
    const rules: RuleInput[] = [
      { deny: ['connect'], objects: [{ unixBeneath: '/x' }, { unixAbstract: '@a' }] },
      { allow: ['connect'], objects: [{ unix: '/x/y' }] },
    ];
    const unix = (path: string): Acted => ({
      kind: 'unix',
      file: files.file(path) as Extract<Acted, { kind: 'file' }>,
    });
    const said = [
      unix('/x/y'),
      unix('/x/z'),
      unix('/tmp/z'),
      { kind: 'unix-abstract', name: '@a' } as const,
      { kind: 'other-address' } as const,
    ];
    expect(said.map((acted) => say(rules, acted))).toEqual(['allow', 'deny', 'allow', 'deny', 'allow']);
  });
});

test('sockets, calls of bpf(2), mounts, capabilities and lockdown reasons are told apart by what they are', () => {
  const rules: RuleInput[] = [
    { deny: ['socket'], objects: [{ type: 'SOCK_RAW' }, { family: 'AF_PACKET' }] },
    { allow: ['socket'], objects: [{ family: 'AF_INET', type: 'SOCK_RAW', protocol: 'IPPROTO_ICMP' }] },
    { allow: ['bpf'], objects: [{ programType: 'BPF_PROG_TYPE_SOCKET_FILTER' }] },
    { deny: ['bpf'], objects: [{ command: 'BPF_PROG_LOAD' }] },
    { deny: ['mount'], objects: [{ fileSystem: 'overlay' }] },
    { deny: ['capability'], objects: [{ capability: 'CAP_SYS_ADMIN' }] },
    { deny: ['lockdown'], objects: [{ lockdown: 'LOCKDOWN_KEXEC' }] },
  ];
  const policy = make(rules);
  const say = (operation: Operation, acted: Acted) => judge(policy, operation, [acted], files.anchor).effect;
  const socket = (
    family: 'AF_INET' | 'AF_PACKET',
    type: 'SOCK_RAW' | 'SOCK_STREAM',
    protocol?: 'IPPROTO_ICMP',
  ) => say('socket', { kind: 'socket', family, type, protocol });
  expect([
    socket('AF_INET', 'SOCK_RAW'),
    socket('AF_INET', 'SOCK_RAW', 'IPPROTO_ICMP'),
    socket('AF_INET', 'SOCK_STREAM'),
    socket('AF_PACKET', 'SOCK_STREAM'),
  ]).toEqual(['deny', 'allow', 'allow', 'deny']);
  const load = (programType: string) => say('bpf', { kind: 'bpf', command: 'BPF_PROG_LOAD', programType });
  expect([load('BPF_PROG_TYPE_SOCKET_FILTER'), load('BPF_PROG_TYPE_LSM')]).toEqual(['allow', 'deny']);
  expect([
    say('mount', { kind: 'mount', type: 'overlay' }),
    say('mount', { kind: 'mount', type: undefined }),
  ]).toEqual(['deny', 'allow']);
  expect(say('capability', { kind: 'capability', capability: 'CAP_SYS_ADMIN' })).toBe('deny');
  expect(say('lockdown', { kind: 'lockdown', reason: 'LOCKDOWN_KEXEC' })).toBe('deny');
});

describe('all policies together', () => {
  const paths = ['/etc/passwd', '/usr/bin/sh', '/x/y', '/home/no', '/etc/new', '/'];
  const acted = fc.constantFrom<Acted>(
    ...paths.map((path) => place(files, path)),
    { kind: 'process', process: subject },
    { kind: 'process', process: { ...subject, uids: { real: 0, effective: 0 }, domains: [] } },
    { kind: 'capability', capability: 'CAP_BPF' },
    { kind: 'socket', family: 'AF_INET', type: 'SOCK_RAW', protocol: undefined },
    { kind: 'ip', address: { family: 4, bits: 0x0a000001n }, port: 443, transport: 'tcp' },
    { kind: 'unix-abstract', name: 'no' },
    { kind: 'bpf', command: 'BPF_PROG_LOAD', programType: 'BPF_PROG_TYPE_LSM' },
    { kind: 'mount', type: 'tmpfs' },
    { kind: 'lockdown', reason: 'LOCKDOWN_KEXEC' },
    { kind: 'nothing' },
  );
  const operation = fc.constantFrom(...ALL_OPERATIONS);
  const policies = fc.array(policyInput.map(definePolicy), { minLength: 1, maxLength: 4 });
  const ask = (policies: readonly Policy[], operation: Operation, acted: Acted) =>
    decide(policies, subject, operation, [acted], files.anchor);

  test('deny what one enforcing policy alone denies, and nothing else', () => {
    fc.assert(
      fc.property(policies, operation, acted, (policies, operation, acted) => {
        const alone = policies.map((policy) => ask([policy], operation, acted));
        const all = ask(policies, operation, acted);
        expect(all.denied).toBe(alone.some(({ denied }) => denied));
        expect(all.errno).toBe(alone.find(({ denied }) => denied)?.errno ?? null);
        expect(all.verdicts).toEqual(alone.flatMap(({ verdicts }) => verdicts));
      }),
    );
  });

  test('deny nothing when all are audited, and say what they would', () => {
    fc.assert(
      fc.property(policies, operation, acted, (policies, operation, acted) => {
        const audited = ask(
          policies.map((policy) => ({ ...policy, mode: 'audit' })),
          operation,
          acted,
        );
        const enforced = ask(
          policies.map((policy) => ({ ...policy, mode: 'enforce' })),
          operation,
          acted,
        );
        expect(audited.denied).toBe(false);
        expect(audited.verdicts.map(({ effect }) => effect)).toEqual(
          enforced.verdicts.map(({ effect }) => effect),
        );
        expect(enforced.denied).toBe(enforced.verdicts.some(({ effect }) => effect === 'deny'));
      }),
    );
  });

  test('say the same whatever the order of their rules, and however those are split up', () => {
    fc.assert(
      fc.property(
        policyInput.map(definePolicy),
        operation,
        acted,
        fc.infiniteStream(fc.nat()),
        (policy, operation, acted, random) => {
          const split = policy.rules.flatMap((rule) =>
            rule.operations.flatMap((one) =>
              (rule.objects ?? [null]).map((object) => ({
                ...rule,
                operations: [one],
                objects: object && [object],
              })),
            ),
          );
          const shuffled = split
            .map((rule) => ({ rule, at: random.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ rule }) => rule) as Policy['rules'];
          const say = (rules: Policy['rules']) =>
            judge({ ...policy, rules }, operation, [acted], files.anchor).effect;
          expect(say(shuffled)).toBe(say(policy.rules));
        },
      ),
    );
  });

  test('say nothing of an operation that neither a rule names nor a default denies', () => {
    fc.assert(
      fc.property(policyInput.map(definePolicy), operation, acted, (policy, operation, acted) => {
        const rules = policy.rules.filter(
          ({ operations }) => !(operations as readonly string[]).includes(operation),
        );
        const defaults = {
          files: 'allow',
          processes: 'allow',
          memory: 'allow',
          network: 'allow',
          kernel: 'allow',
        } as const;
        expect(judge({ ...policy, rules, defaults }, operation, [acted], files.anchor).effect).toBe('allow');
      }),
    );
  });
});

test('for directories alone, the longest path wins', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const directory = fc.array(name, { maxLength: 4 }).map((names) => `/${names.join('/')}`);
  const rules = fc.array(fc.tuple(fc.constantFrom('deny' as const, 'allow' as const), directory), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(rules, directory, (rules, path) => {
      const files = new VirtualFiles(
        [...rules.map(([, of]) => `${of}/`), `${path}/`].map((dir) => dir.replace(/^\/\/$/, '/')),
      );
      const written = rules.map(([effect, beneath]) => ({
        [effect]: ['read'],
        objects: [{ beneath }],
      })) as unknown as RuleInput[];
      const above = rules.filter(([, of]) => of === '/' || path === of || path.startsWith(`${of}/`));
      const longest = Math.max(...above.map(([, of]) => of.length));
      const deciding = above.filter(([, of]) => of.length === longest).map(([effect]) => effect);
      const expected = deciding.includes('deny') ? 'deny' : 'allow';
      expect(effect(written, 'read', path, files)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test('every operation can be judged', () => {
  const acted: Record<string, Acted> = {
    file: place(files, '/x/y'),
    process: { kind: 'process', process: subject },
    capability: { kind: 'capability', capability: 'CAP_BPF' },
    socket: { kind: 'socket', family: undefined, type: undefined, protocol: undefined },
    address: { kind: 'other-address' },
    bpf: { kind: 'bpf', command: 'BPF_MAP_CREATE', programType: undefined },
    mount: { kind: 'mount', type: undefined },
    lockdown: { kind: 'lockdown', reason: 'LOCKDOWN_KEXEC' },
    nothing: { kind: 'nothing' },
  };
  for (const operation of ALL_OPERATIONS) {
    const on = acted[targetOf(operation)];
    if (!on) throw new Error(operation);
    const say = (rules: RuleInput[]) => decide([make(rules)], subject, operation, [on], files.anchor);
    expect([
      say([]).denied,
      say([{ deny: [operation] }]).denied,
      say([{ allow: [operation] }]).denied,
    ]).toEqual([false, true, false]);
  }
});
