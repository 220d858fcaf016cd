import { existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type BpfObject,
  type BpfProgram,
  Broker,
  BrokerClient,
  type BrokerOptions,
  Cgroup,
} from '../../src/index.js';
import { linkInfoById } from '../../src/object/index.js';
import {
  attachedIn,
  brokered,
  brokeredPrograms,
  connectedLiar,
  type DelegatedCgroups,
  delegate,
  Manager,
  type TestBroker,
} from '../support/broker.js';
import { useBroker } from '../support/broker-setting.js';
import { asOrdinaryUser, NOBODY, noWayForOrdinaryUser } from '../support/ordinary-user.js';
import { thrown } from '../support/thrown.js';

const noWay = noWayForOrdinaryUser();

// Nothing is attached but to cgroups of the tests' own, which have no processes.
describe.skipIf(noWay)(`a broker on this machine${noWay ? ` (skipped: ${noWay})` : ''}`, () => {
  let object: BpfObject;
  let cgroups: DelegatedCgroups;
  let server: TestBroker;

  const program = (name: string): BpfProgram => object.programs[name] as BpfProgram;
  const broker = (options: Partial<BrokerOptions> = {}) => brokered(object, cgroups.outer, options);

  useBroker((setting) => {
    ({ object, cgroups, server } = setting);
  });

  describe('a client of a broker', () => {
    test('gets a link to a program of the broker, for a cgroup of its own, and may do what is its right', async () => {
      using manager = await Manager.start();
      expect(await manager.ask('uid')).toBe(NOBODY);
      await manager.ask('connect', server.path);
      expect(await manager.ask('programs')).toEqual(['egress', 'ingress']);
      const id = await manager.ask<number>('attach', 'egress', cgroups.inner.path);
      expect(linkInfoById(id)).toMatchObject({
        programId: program('count_egress').info().id,
        attachType: 'cgroup_inet_egress',
        cgroupId: cgroups.inner.id,
        defunct: false,
      });
      expect(await manager.ask('info', id)).toMatchObject({ id, cgroupId: `${cgroups.inner.id}` });
      expect(server.records).toMatchObject([
        { peer: { uid: NOBODY, pid: manager.pid }, program: 'egress', cgroup: cgroups.inner, linkId: id },
      ]);
      await manager.ask('detachLink', id);
      expect(linkInfoById(id)).toMatchObject({ defunct: true });
      await manager.ask('closeLink', id);
      expect(linkInfoById(id)).toBeNull();
    });

    test('keeps its links when it disconnects, or the broker ends; not when it ends itself', async () => {
      using manager = await Manager.start();
      await manager.ask('connect', server.path);
      const first = await manager.ask<number>('attach', 'egress', cgroups.inner.path);
      await manager.ask('disconnect');
      await manager.ask('connect', server.path);
      const second = await manager.ask<number>('attach', 'ingress', cgroups.inner.path);
      server.broker.close();
      expect(await thrown(async () => manager.ask('programs'))).toMatchObject({
        code: 'ERR_BPF_BROKER_GONE',
      });
      expect(await thrown(async () => manager.ask('connect', server.path))).toMatchObject({ code: 'ENOENT' });
      expect([linkInfoById(first), linkInfoById(second)]).toMatchObject([
        { defunct: false },
        { defunct: false },
      ]);
      await manager.kill();
      expect([linkInfoById(first), linkInfoById(second)]).toEqual([null, null]);
    });

    test('may use cgroups that it makes below its own', async () => {
      using manager = await Manager.start();
      await manager.ask('connect', server.path);
      const below = await manager.ask<string>('createChild', cgroups.inner.path, '..deep');
      const id = await manager.ask<number>('attach', 'egress', below);
      expect(linkInfoById(id)).toMatchObject({ cgroupId: Cgroup.open(below).id });
    });

    test('is refused a program that is attached there already', async () => {
      using manager = await Manager.start();
      await manager.ask('connect', server.path);
      await manager.ask('attach', 'egress', cgroups.inner.path);
      expect(await thrown(async () => manager.ask('attach', 'egress', cgroups.inner.path))).toMatchObject({
        code: 'EEXIST',
        path: cgroups.inner.path,
      });
      expect(attachedIn(cgroups.outer).length).toBe(1);
    });

    test('is refused a program that the broker does not have', async () => {
      using manager = await Manager.start();
      await manager.ask('connect', server.path);
      for (const name of ['drop_ingress', 'toString', '__proto__', '']) {
        const error = await thrown(async () => manager.ask('attach', name, cgroups.inner.path));
        expect(error).toMatchObject({ code: 'ERR_BPF_BROKER_REFUSED', reason: 'permission' });
        expect(error.message).toMatch(/no such program; it has egress, ingress$/);
      }
    });

    test('is refused a cgroup that is not its own, is outside of its subtree, or is gone', async () => {
      using narrow = broker({ subtreeOf: () => cgroups.beside });
      delegate(cgroups.beside, NOBODY);
      using manager = await Manager.start();
      await manager.ask('connect', server.path);
      const refused = async (path: string) => thrown(async () => manager.ask('attach', 'egress', path));
      expect(await refused(cgroups.outer.path)).toMatchObject({
        code: 'ERR_BPF_BROKER_REFUSED',
        path: cgroups.outer.path,
        message: expect.stringContaining(`user 0's, not user ${NOBODY}'s`),
      });
      expect(await refused(Cgroup.root().path)).toMatchObject({
        code: 'ERR_BPF_BROKER_REFUSED',
        message: expect.stringContaining('is not in'),
      });
      await manager.ask('disconnect');
      await manager.ask('connect', narrow.path);
      expect(await refused(cgroups.inner.path)).toMatchObject({
        code: 'ERR_BPF_BROKER_REFUSED',
        path: cgroups.inner.path,
        message: expect.stringContaining(`not in ${cgroups.beside.path}`),
      });
      const id = await manager.ask<number>('attach', 'egress', cgroups.beside.path);
      expect(linkInfoById(id)).toMatchObject({ cgroupId: cgroups.beside.id });
      // What the name of the subtree leads to by now is another's.
      await manager.ask('closeLink', id);
      cgroups.beside.remove();
      const other = cgroups.outer.createChild('beside');
      delegate(other, NOBODY);
      expect(await refused(other.path)).toMatchObject({ code: 'ERR_BPF_CGROUP_GONE' });
    });

    test('is turned away when it may attach nowhere', async () => {
      using closed = broker({ subtreeOf: ({ uid }) => (uid === 0 ? cgroups.outer : undefined) });
      using manager = await Manager.start();
      await manager.ask('connect', closed.path);
      const error = await thrown(async () => manager.ask('programs'));
      expect(error).toMatchObject({ code: 'ERR_BPF_BROKER_REFUSED', reason: 'permission' });
      expect(error.message).toContain(`user ${NOBODY} attach nowhere`);
      expect(closed.broker.clients).toBe(0);
    });

    test('is told no more than that the broker fails when its callback does', async () => {
      using broken = broker({
        subtreeOf: () => {
          throw new Error('secret');
        },
      });
      using manager = await Manager.start();
      await manager.ask('connect', broken.path);
      const error = await thrown(async () => manager.ask('programs'));
      expect(error.message).toBe('the broker cannot tell where you may attach');
      expect(broken.records[0]?.error?.cause).toMatchObject({ message: 'secret' });
    });

    test('cannot connect where the mode of the socket does not let it', async () => {
      using mine = broker({ mode: 0o600 });
      expect(statSync(mine.path).mode & 0o777).toBe(0o600);
      using manager = await Manager.start();
      expect(await thrown(async () => manager.ask('connect', mine.path))).toMatchObject({ code: 'EACCES' });
    });

    test('cannot make a cgroup look as if it were in its subtree', async () => {
      // In a mount namespace of its own, another cgroup of the user's lies over one in the subtree.
      using narrow = broker({ subtreeOf: () => cgroups.inner });
      const cover = cgroups.inner.createChild('cover');
      delegate(cgroups.beside, NOBODY);
      delegate(cover, NOBODY);
      const covered = `mount --bind ${cgroups.beside.path} ${cover.path} && exec "$@"`;
      using manager = await Manager.start([
        'unshare',
        '--mount',
        'sh',
        '-c',
        covered,
        'sh',
        ...asOrdinaryUser(),
      ]);
      await manager.ask('connect', narrow.path);
      expect(await manager.ask('openCgroup', cover.path)).toBe(`${cgroups.beside.id}`);
      const error = await thrown(async () => manager.ask('attach', 'egress', cover.path));
      expect(error).toMatchObject({ code: 'ERR_BPF_BROKER_REFUSED', path: cgroups.beside.path });
      expect(attachedIn(cgroups.outer)).toEqual([]);
    });
  });

  describe('a user who goes too far', () => {
    test('gets no more links than they may have, and more once they let go of some', async () => {
      using strict = broker({ limits: { linksPerUser: 2 } });
      using manager = await Manager.start();
      using other = await Manager.start();
      await manager.ask('connect', strict.path);
      await other.ask('connect', strict.path);
      const { path } = cgroups.inner;
      const id = await manager.ask<number>('attach', 'egress', path);
      await other.ask('attach', 'ingress', path);
      // Whoever reconnects is the same user.
      await manager.ask('disconnect');
      await manager.ask('connect', strict.path);
      const below = await manager.ask<string>('createChild', path, 'below');
      const refused = async () => thrown(async () => manager.ask('attach', 'egress', below));
      expect(await refused()).toMatchObject({ code: 'ERR_BPF_BROKER_LIMIT', reason: 'permission' });
      await manager.ask('closeLink', id);
      await manager.ask('attach', 'egress', path);
      expect(await refused()).toMatchObject({ code: 'ERR_BPF_BROKER_LIMIT' });
      await other.kill();
      await manager.ask('attach', 'egress', below);
    });

    test("gets no more connections than they may have, and takes nobody else's place", async () => {
      using strict = broker({ limits: { clients: 3, clientsPerUser: 2 } });
      const liars = [await connectedLiar(strict.path), await connectedLiar(strict.path)];
      using third = await connectedLiar(strict.path);
      expect(await third.ask('receive')).toContain('"ERR_BPF_BROKER_LIMIT"');
      expect(await third.ask('receive')).toBe('end');
      using mine = BrokerClient.connect(strict.path);
      expect(await mine.programs()).toEqual(['egress', 'ingress']);
      using tooMany = BrokerClient.connect(strict.path);
      expect(await thrown(async () => tooMany.programs())).toMatchObject({
        code: 'ERR_BPF_BROKER_LIMIT',
        message: expect.stringContaining('3 clients are connected'),
      });
      for (const liar of liars) await liar.end();
      using again = BrokerClient.connect(strict.path);
      expect(await again.programs()).toEqual(['egress', 'ingress']);
    });
  });

  describe('a broker is refused', () => {
    const bad = async (options: object): Promise<string> => {
      const { message, code } = await thrown(
        () =>
          new Broker({
            path: '/tmp/none',
            programs: brokeredPrograms(object),
            subtreeOf: () => undefined,
            ...options,
          }),
      );
      expect(code).toBe('ERR_BPF_ARGUMENT');
      return message;
    };

    test('a program that attaches to no cgroup', async () => {
      const message = await bad({
        programs: { egress: program('count_egress'), one: program('attaches_nowhere') },
      });
      expect(message).toContain('program "attaches_nowhere" cannot be handed out');
    });

    test('a program that takes back what others have denied', async () => {
      const takesBack = { programs: { one: program('takes_back') } };
      const error = await thrown(() => broker(takesBack)[Symbol.dispose]());
      expect(error).toMatchObject({ code: 'ERR_BPF_NOT_GUARANTEED', program: 'takes_back' });
    });

    test('what is no program, no function, no limit, and no path', async () => {
      expect(await bad({ programs: {} })).toContain('programs');
      expect(await bad({ programs: { one: 5 } })).toContain('programs.one');
      expect(await bad({ programs: { ['x'.repeat(20_000)]: program('count_egress') } })).toContain(
        'few enough',
      );
      expect(await bad({ subtreeOf: 5 })).toContain('subtreeOf');
      expect(await bad({ onRecord: 5 })).toContain('onRecord');
      expect(await bad({ limits: { clients: 0 } })).toContain('clients');
      expect(await bad({ path: 'x'.repeat(200) })).toContain('path');
    });

    test('the privileges it needs', async () => {
      using manager = await Manager.start();
      const error = await thrown(async () => manager.ask('serve', `${server.path}-other`));
      expect(error).toMatchObject({ code: 'EPERM', reason: 'permission' });
      expect(error.message).toBe('this process cannot be a Broker: it lacks CAP_SYS_ADMIN; run it as root');
    });

    test('a path that is taken', async () => {
      expect(await thrown(() => new Broker({ ...options(), path: server.path }))).toMatchObject({
        code: 'EADDRINUSE',
        hint: 'if no broker listens there any more, remove it',
      });
      using client = BrokerClient.connect(server.path);
      expect(await client.programs()).toEqual(['egress', 'ingress']);
    });

    const options = () => ({ programs: brokeredPrograms(object), subtreeOf: () => cgroups.outer });
  });

  test('a broker that ends takes its path away, and not what has come to it since', () => {
    using other = broker();
    other.broker.close();
    expect(existsSync(other.path)).toBe(false);
    unlinkSync(server.path);
    writeFileSync(server.path, "another's");
    server.broker.close();
    expect(readFileSync(server.path, 'utf8')).toBe("another's");
  });
});
