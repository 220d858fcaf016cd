import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Acted, decide, judge } from '../../../src/policy/evaluate/index.js';
import {
  ALL_OPERATIONS,
  isIn,
  type Operation,
  parseNetwork,
  targetOf,
} from '../../../src/policy/model/index.js';
import type { RuleInput } from '../../../src/policy/schema/index.js';
import { network } from '../../support/policies.js';
import { files, make, place, subject } from '../../support/policy-setting.js';

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
