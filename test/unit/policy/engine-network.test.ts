import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileNetwork, type NetworkTables } from '../../../src/policy/engine/network-tables.js';
import { type Acted, judge } from '../../../src/policy/evaluate/index.js';
import {
  ADDRESS_FAMILIES,
  ALL_OPERATIONS,
  bitsOf,
  formatAddress,
  type IpAddress,
  masked,
  type Policy,
  PROTOCOLS,
  SOCKET_TYPES,
  type Transport,
  unmapped,
} from '../../../src/policy/model/index.js';
import type { RuleInput } from '../../../src/policy/schema/index.js';
import { files, make } from '../../support/policy-setting.js';

const CONNECT = ALL_OPERATIONS.indexOf('connect');
const TRANSPORT_NUMBERS = { tcp: 1, udp: 2 };

type Ip = Extract<Acted, { kind: 'ip' }>;

/** The bytes of numbers of this machine, one after another. */
const bytesOf = (numbers: readonly number[], size: 1 | 2 | 4) => {
  const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };
  return [...new Uint8Array(arrays[size].from(numbers).buffer)];
};

/** What a trie of the kernel's finds: the longest of the prefixes that the key has. */
function longest<Key extends { prefixlen: number }, Value>(
  entries: readonly (readonly [Key, Value])[],
  bytes: (key: Key) => readonly number[],
  wanted: readonly number[],
): Value | undefined {
  const digits = (some: readonly number[]) => some.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const sought = digits(wanted);
  const met = entries.filter(
    ([key]) => digits(bytes(key)).slice(0, key.prefixlen) === sought.slice(0, key.prefixlen),
  );
  return met.sort(([a], [b]) => b.prefixlen - a.prefixlen)[0]?.[1];
}

/** As bpf/engine/address.h does it. */
function lookUp({ addresses, ports }: NetworkTables, { address, port, transport }: Ip) {
  const { family, bits } = unmapped(address);
  const hex = (bits << BigInt(128 - bitsOf(family))).toString(16).padStart(32, '0');
  const set = longest(
    addresses,
    (key) => [key.operation, key.family, ...bytesOf([key.zero], 2), ...bytesOf(key.address, 4)],
    [CONNECT, family, 0, 0, ...Buffer.from(hex, 'hex')],
  );
  if (set === undefined) return undefined;
  return longest(ports, (key) => [...bytesOf([key.set], 4), ...bytesOf([key.transport, key.port], 2)], [
    ...bytesOf([set], 4),
    ...bytesOf([transport === undefined ? 0 : TRANSPORT_NUMBERS[transport]], 2),
    port >> 8,
    port & 0xff,
  ]);
}

function expectSame(policies: readonly Policy[], tables: NetworkTables, acted: Ip): void {
  const pair = lookUp(tables, acted) ?? { mentions: 0n, allows: 0n };
  for (const [index, policy] of policies.entries()) {
    const { effect, by } = judge(policy, 'connect', [acted], files.anchor);
    const bit = 1n << BigInt(index);
    const said = (pair.mentions & bit) === 0n ? 'nothing' : (pair.allows & bit) === 0n ? 'deny' : 'allow';
    const decidedByObject = by.kind === 'rule' && policy.rules[by.rule]?.objects !== null;
    expect(said).toBe(decidedByObject ? effect : 'nothing');
  }
}

// Few numbers, so that networks lie in each other and ports meet.
const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.record({
    family: fc.constant(4 as const),
    bits: fc.constantFrom(0x0a000001n, 0x0a0000ffn, 0x0a010000n, 0x7f000001n, 0n, 0xffff_ffffn),
  }),
  fc.record({
    family: fc.constant(6 as const),
    bits: fc.constantFrom(0n, 1n, 0x20010db8n << 96n, (0x20010db8n << 96n) | 0xffffn, (1n << 128n) - 1n),
  }),
);
const network = fc
  .tuple(address, fc.nat({ max: 128 }))
  .map(([{ family, bits }, length]) => masked({ family, bits, prefix: Math.min(length, bitsOf(family)) }));
const port = fc.constantFrom(0, 1, 22, 79, 80, 81, 443, 65_534, 65_535);
const ports = fc.oneof(
  port,
  fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
);
const transport: fc.Arbitrary<Transport | undefined> = fc.constantFrom('tcp', 'udp', undefined);
const given = <T extends object>(one: T) =>
  Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));

const object = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(network, fc.option(ports, { nil: undefined }), transport) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(undefined), ports, transport) },
);
const rule: fc.Arbitrary<RuleInput> = fc
  .tuple(
    fc.constantFrom('allow', 'deny'),
    fc.option(fc.array(object, { minLength: 1, maxLength: 3 }), { freq: 5 }),
  )
  .map(([effect, objects]) => ({
    [effect]: ['connect'],
    ...(objects && {
      objects: objects.map(([network, port, transport]) =>
        given({ address: network && `${formatAddress(network)}/${network.prefix}`, port, transport }),
      ),
    }),
  })) as unknown as fc.Arbitrary<RuleInput>;

describe('rules about addresses, compiled', () => {
  test('say of each address, port and transport what the nearest rule of each policy says', () => {
    const acted: fc.Arbitrary<Ip> = fc
      .tuple(address, fc.nat({ max: 3 }), port, transport, fc.boolean())
      .map(([{ family, bits }, other, port, transport, mapped]) => {
        const near = bits ^ BigInt(other);
        const clothed = family === 4 && mapped;
        return {
          kind: 'ip',
          address: clothed ? { family: 6, bits: (0xffffn << 32n) | near } : { family, bits: near },
          port,
          transport,
        };
      });
    fc.assert(
      fc.property(
        fc.array(fc.array(rule, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
        fc.array(acted, { minLength: 1, maxLength: 20 }),
        (rules, all) => {
          const policies = rules.map((some, i) => make(some, { name: `p${i}` }));
          const tables = compileNetwork(policies);
          for (const one of all) expectSame(policies, tables, one);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('count as denials where the address is not clear, whatever they allow elsewhere', () => {
    const { addresses, ports } = compileNetwork([
      make([{ allow: ['connect'], objects: [{ port: 1 }] }], { name: 'harmless' }),
      make([{ deny: ['connect'], objects: [{ address: '10.0.0.0/8', port: 1 }, { port: 1 }] }], {
        name: 'ip',
      }),
      make([{ deny: ['connect'], objects: [{ unixAbstract: 'x' }] }], { name: 'unix' }),
    ]);
    const said = [0, 1].map((family) => {
      const set = addresses.find(([key]) => key.family === family)?.[1];
      return ports.filter(([key]) => key.set === set).map(([key, pair]) => [key.prefixlen, pair]);
    });
    const everyPort = (mentions: bigint) => Array.from({ length: 3 }, () => [48, { mentions, allows: 0n }]);
    expect(said).toEqual([everyPort(2n), everyPort(4n)]);
  });

  test('take one set for all networks that are treated alike', () => {
    const objects = Array.from({ length: 300 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}` }));
    const { addresses, ports } = compileNetwork([make([{ deny: ['connect'], objects }])]);
    expect([addresses.length, ports.length]).toEqual([301, 3]);
  });
});

test('rules about sockets and abstract names are found by what they say', () => {
  const { sockets, unixNames } = compileNetwork([
    make([
      {
        deny: ['socket'],
        objects: [{ family: 'AF_PACKET' }, { type: 'SOCK_RAW', protocol: 'IPPROTO_MPTCP' }],
      },
      { allow: ['connect'], objects: [{ unixAbstract: 'ü' }] },
    ]),
    make([{ allow: ['socket'], objects: [{ family: 'AF_PACKET' }] }], { name: 'b' }),
  ]);
  expect(sockets).toEqual([
    [
      { family: ADDRESS_FAMILIES.AF_PACKET, type: 0xffff, protocol: 0xffff },
      { mentions: 3n, allows: 2n },
    ],
    [
      { family: 0xffff, type: SOCKET_TYPES.SOCK_RAW, protocol: PROTOCOLS.IPPROTO_MPTCP },
      { mentions: 1n, allows: 0n },
    ],
  ]);
  expect(
    unixNames.map(([{ operation, length, name }, pair]) => [operation, length, [...name.slice(0, 3)], pair]),
  ).toEqual([[CONNECT, 2, [0xc3, 0xbc, 0], { mentions: 1n, allows: 1n }]]);
});
