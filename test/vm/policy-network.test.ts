import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adoptIntoDomain,
  applyPolicies,
  definePolicy,
  type PolicyInput,
  policyStatus,
  removePolicies,
} from '../../src/policy/index.js';
import { type SocketKind, SocketUser } from '../support/socket-user.js';

const ROOT = '/dev/shm/policy-network';
const [DENIED, FREE] = [`${ROOT}/denied`, `${ROOT}/free`];

let server: SocketUser;

beforeAll(async () => {
  for (const directory of [DENIED, FREE]) mkdirSync(directory, { recursive: true });
  server = new SocketUser();
  for (const [kind, ...places] of [
    ['stream', `${DENIED}/stream`, `${FREE}/stream`, '@policy-network', '@policy-network-free'],
    ['sequence', `${DENIED}/sequence`, `${FREE}/sequence`],
  ] as const) {
    for (const at of places) {
      const socket = await server.socket(kind);
      await server.ask('bind', socket, at);
      expect(await server.ask('listen', socket)).toBe('0');
    }
  }
  for (const at of [`${DENIED}/datagram`, `${DENIED}/sent`, `${DENIED}/connected`]) {
    expect(await server.ask('bind', await server.socket('datagram'), at)).toBe('0');
  }
});
afterAll(async () => {
  await removePolicies();
  server[Symbol.dispose]();
  rmSync(ROOT, { recursive: true });
});

type Step = [call: string, ...words: string[]];
/** A socket, and what is done with it: the last step is what is looked at. */
type Way = [kind: SocketKind, ...Step[]];

async function go(user: SocketUser, [kind, ...steps]: Way): Promise<string> {
  const socket = await user.socket(kind);
  if (typeof socket === 'string') return socket;
  let answer = '0';
  for (const [call, ...words] of steps) answer = await user.ask(call, socket, ...words);
  await user.ask('close', socket);
  return answer;
}

async function goAll<Name extends string>(
  user: SocketUser,
  ways: Readonly<Record<Name, Way>>,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [name, way] of Object.entries<Way>(ways)) {
    answers[name] = await go(user, way);
    for (const path of [`${DENIED}/new`, `${FREE}/new`]) rmSync(path, { force: true });
  }
  return answers;
}

const policy = (rules: PolicyInput['rules']) =>
  definePolicy({ name: 'jail', scope: { domain: 'network-jail' }, mode: 'enforce', rules } as PolicyInput);

/**
 * Goes all ways before, during and after a policy, by a process that it governs and by one that it does not.
 *
 * @returns what was denied, operation by operation
 */
async function compare(
  rules: PolicyInput['rules'],
  denied: Readonly<Record<string, Way>>,
  others: Readonly<Record<string, Way>>,
) {
  using jailed = new SocketUser();
  using free = new SocketUser();
  const ways = { ...denied, ...others };
  await applyPolicies([]);
  await adoptIntoDomain('network-jail', jailed.pid);
  const before = await goAll(jailed, ways);
  expect(Object.values(before)).not.toContain('EACCES');
  await applyPolicies([policy(rules)]);
  const during = await goAll(jailed, ways);
  const control = await goAll(free, ways);
  const status = await policyStatus();
  await applyPolicies([]);
  const after = await goAll(jailed, ways);
  const expected = Object.fromEntries(
    Object.entries(before).map(([name, answer]) => [name, name in denied ? 'EACCES' : answer]),
  );
  expect(during).toEqual(expected);
  expect(control).toEqual(before);
  expect(after).toEqual(before);
  return status?.policies[0]?.denials;
}

describe('what a policy says of the network', () => {
  test('holds for connections', async () => {
    const denials = await compare(
      [
        {
          deny: ['connect'],
          objects: [
            { address: '127.0.0.0/8', port: { from: 1000, to: 2000 }, transport: 'tcp' },
            { address: '::1', port: 1500 },
            { address: '127.0.0.5', transport: 'udp' },
            { unix: `${DENIED}/stream` },
            { unix: `${DENIED}/connected` },
            { unixAbstract: 'policy-network' },
          ],
        },
        { allow: ['connect'], objects: [{ address: '127.0.0.4' }, { address: '127.0.0.3', port: 1500 }] },
      ],
      {
        tcp: ['tcp', ['connect', '127.0.0.2:1500']],
        'the last port': ['tcp', ['connect', '127.0.0.2:2000']],
        mptcp: ['mptcp', ['connect', '127.0.0.2:1500']],
        'the first message': ['tcp', ['fastopen', '127.0.0.2:1500', 'text']],
        'mapped into IPv6': ['tcp6', ['connect', '[::ffff:127.0.0.2]:1500']],
        IPv6: ['tcp6', ['connect', '[::1]:1500']],
        'IPv6 of UDP': ['udp6', ['connect', '[::1]:1500']],
        'any address': ['tcp', ['connect', '0.0.0.0:1500']],
        'any IPv6 address': ['tcp6', ['connect', '[::]:1500']],
        udp: ['udp', ['connect', '127.0.0.5:9']],
        'a path': ['stream', ['connect', `${DENIED}/stream`]],
        'a path of datagrams': ['datagram', ['connect', `${DENIED}/connected`]],
        'an abstract name': ['stream', ['connect', '@policy-network']],
      },
      {
        'a port beneath': ['tcp', ['connect', '127.0.0.2:999']],
        'a port above': ['tcp', ['connect', '127.0.0.2:2001']],
        'a longer prefix': ['tcp', ['connect', '127.0.0.4:1500']],
        'another transport': ['udp', ['connect', '127.0.0.2:1500']],
        'another IPv6 port': ['tcp6', ['connect', '[::1]:1501']],
        'no connection any more': ['udp', ['connect', '?127.0.0.5:9']],
        'a datagram': ['udp', ['sendto', '127.0.0.5:9', 'text']],
        'another path': ['stream', ['connect', `${FREE}/stream`]],
        'another abstract name': ['stream', ['connect', '@policy-network-free']],
        'a datagram to a path': ['datagram', ['sendto', `${DENIED}/connected`, 'text']],
        'a datagram elsewhere': ['datagram', ['connect', `${DENIED}/sent`]],
      },
    );
    expect(denials).toEqual({ connect: 13n });
  });

  test('holds for what is sent', async () => {
    const denials = await compare(
      [
        {
          deny: ['send'],
          objects: [
            { address: '127.0.0.3' },
            { address: '::1', port: 9 },
            { unix: `${DENIED}/sent` },
            { unixBeneath: `${DENIED}/stream` },
            { unix: `${DENIED}/sequence` },
          ],
        },
      ],
      {
        udp: ['udp', ['sendto', '127.0.0.3:9', 'text']],
        connected: ['udp', ['connect', '127.0.0.3:9'], ['send', 'text']],
        'without a family': ['udp', ['sendto', '?127.0.0.3:9', 'text']],
        IPv6: ['udp6', ['sendto', '[::1]:9', 'text']],
        'any IPv6 address': ['udp6', ['sendto', '[::]:9', 'text']],
        'mapped into IPv6': ['udp6', ['sendto', '[::ffff:127.0.0.3]:9', 'text']],
        'IPv4 by IPv6': ['udp6', ['sendto', '127.0.0.3:9', 'text']],
        'connected, without a family': ['udp6', ['connect', '[::1]:9'], ['sendto', '?127.0.0.1:7', 'text']],
        'a path': ['datagram', ['sendto', `${DENIED}/sent`, 'text']],
        'a connected path': ['datagram', ['connect', `${DENIED}/sent`], ['send', 'text']],
        'a stream': ['stream', ['connect', `${DENIED}/stream`], ['send', 'text']],
        'a sequence': ['sequence', ['connect', `${DENIED}/sequence`], ['send', 'text']],
      },
      {
        'another address': ['udp', ['sendto', '127.0.0.2:9', 'text']],
        'another IPv6 port': ['udp6', ['sendto', '[::1]:8', 'text']],
        connect: ['udp', ['connect', '127.0.0.3:9']],
        'another path': ['datagram', ['sendto', `${DENIED}/datagram`, 'text']],
        'connect to a path': ['datagram', ['connect', `${DENIED}/sent`]],
        'another stream': ['stream', ['connect', `${FREE}/stream`], ['send', 'text']],
        'another sequence': ['sequence', ['connect', `${FREE}/sequence`], ['send', 'text']],
        'connect for a sequence': ['sequence', ['connect', `${DENIED}/sequence`]],
      },
    );
    expect(denials).toEqual({ send: 12n });
  });

  test('holds for addresses of its own', async () => {
    const denials = await compare(
      [
        {
          deny: ['bind'],
          objects: [{ port: 1700 }, { unixBeneath: DENIED }, { unixAbstract: 'policy-network-new' }],
        },
        { deny: ['bind'], objects: [{ address: '0.0.0.0', port: 1703 }] },
        { deny: ['listen'], objects: [{ address: '127.0.0.1', port: 1701 }, { unix: `${FREE}/new` }] },
        { deny: ['accept'], objects: [{ port: 1702, transport: 'tcp' }] },
      ],
      {
        tcp: ['tcp', ['bind', '1700']],
        mptcp: ['mptcp', ['bind', '1700']],
        'without a family': ['tcp', ['bind', '?0.0.0.0:1700']],
        udp: ['udp', ['bind', '1700']],
        IPv6: ['tcp6', ['bind', '[::1]:1700']],
        'IPv6, which gets IPv4': ['tcp6', ['bind', '[::]:1703']],
        'a path': ['stream', ['bind', `${DENIED}/new`]],
        'an abstract name': ['datagram', ['bind', '@policy-network-new']],
        listen: ['tcp', ['bind', '1701'], ['listen']],
        'listen at a path': ['stream', ['bind', `${FREE}/new`], ['listen']],
        accept: ['tcp', ['bind', '1702'], ['listen'], ['accept', '63']],
        'accept by MPTCP': ['mptcp', ['bind', '1702'], ['listen'], ['accept', '63']],
      },
      {
        'another port': ['tcp', ['bind', '1704']],
        'another address': ['tcp', ['bind', '127.0.0.2:1703']],
        'another path': ['stream', ['bind', `${FREE}/new`]],
        'another name': ['datagram', ['bind', '@policy-network-new-too']],
        'listen elsewhere': ['tcp', ['bind', '127.0.0.2:1701'], ['listen']],
        'accept elsewhere': ['tcp', ['bind', '1705'], ['listen'], ['accept', '63']],
      },
    );
    expect(denials).toEqual({ bind: 8n, listen: 2n, accept: 2n });
  });

  test('holds for SMC as for TCP', async ({ skip }) => {
    using user = new SocketUser();
    if (typeof (await user.socket('smc')) === 'string') skip('no SMC by IP sockets here');
    const denials = await compare(
      [
        { deny: ['connect'], objects: [{ port: 1500, transport: 'tcp' }] },
        { deny: ['listen'], objects: [{ port: 1701 }] },
      ],
      {
        smc: ['smc', ['connect', '127.0.0.2:1500']],
        listen: ['smc', ['bind', '1701'], ['listen']],
      },
      { 'another port': ['smc', ['connect', '127.0.0.2:1501']] },
    );
    expect(denials).toEqual({ connect: 1n, listen: 1n });
  });

  test('holds for sockets', async () => {
    const denials = await compare(
      [
        {
          deny: ['socket'],
          objects: [
            { family: 'AF_PACKET' },
            { type: 'SOCK_RAW' },
            { protocol: 'IPPROTO_TCP' },
            { family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_MPTCP' },
          ],
        },
        { allow: ['socket'], objects: [{ family: 'AF_INET6', protocol: 'IPPROTO_TCP' }] },
      ],
      { raw: ['raw'], packet: ['packet'], mptcp: ['mptcp'], 'the usual protocol': ['tcp'] },
      { udp: ['udp'], 'what is said more exactly': ['tcp6'], unix: ['stream'] },
    );
    expect(denials).toEqual({ socket: 4n });
  });

  test('holds for several addresses at once', async () => {
    const denials = await compare(
      [
        { deny: ['bind'], objects: [{ address: '127.0.0.2', port: 1700 }] },
        { deny: ['connect', 'send'], objects: [{ address: '127.0.0.3' }] },
      ],
      {
        bind: ['sctp', ['bind', '127.0.0.2:1700']],
        bindx: ['sctp', ['bindx', '127.0.0.2:1700']],
        connect: ['sctp', ['connect', '127.0.0.3:9']],
        connectx: ['sctp', ['connectx', '127.0.0.3:9']],
      },
      {
        'bindx elsewhere': ['sctp', ['bindx', '127.0.0.1:1700']],
        'connectx elsewhere': ['sctp', ['connectx', '127.0.0.2:9']],
      },
    );
    expect(denials).toEqual({ bind: 2n, connect: 2n });
  });

  test('is denied by default, but for what it allows', async () => {
    using jailed = new SocketUser();
    await applyPolicies([
      definePolicy({
        name: 'closed',
        scope: { domain: 'network-jail' },
        mode: 'enforce',
        errno: 'EPERM',
        defaults: { network: 'deny' },
        rules: [
          { allow: ['socket'], objects: [{ family: 'AF_INET' }] },
          { allow: ['connect'], objects: [{ address: '127.0.0.0/8', transport: 'udp' }] },
          // Its answers come through a unix socket without a name.
          { allow: ['send'] },
          { deny: ['send'], objects: [{ address: '192.0.2.0/24' }] },
        ],
      }),
    ]);
    await adoptIntoDomain('network-jail', jailed.pid);
    const said = {
      udp: await go(jailed, ['udp', ['connect', '127.0.0.1:9'], ['send', 'text']]),
      tcp: await go(jailed, ['tcp', ['connect', '127.0.0.1:9']]),
      elsewhere: await go(jailed, ['udp', ['sendto', '192.0.2.1:9', 'text']]),
      bind: await go(jailed, ['udp', ['bind', '0']]),
      unix: await go(jailed, ['stream']),
    };
    await applyPolicies([]);
    expect(said).toEqual({ udp: '0', tcp: 'EPERM', elsewhere: 'EPERM', bind: 'EPERM', unix: 'EPERM' });
    expect(await go(jailed, ['udp', ['bind', '0']])).toBe('0');
  });
});
