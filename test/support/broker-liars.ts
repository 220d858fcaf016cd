import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BrokerClient, Cgroup } from '../../src/index.js';
import {
  attachedIn,
  connectedLiar,
  type DelegatedCgroups,
  delegate,
  settled,
  type TestBroker,
} from './broker.js';
import { useBroker } from './broker-setting.js';
import { Helper } from './helper.js';
import { program } from './objects.js';
import { NOBODY } from './ordinary-user.js';

const EGRESS = '{"id":1,"call":"attach","program":"egress"}';

/** Threads that close what one user has sent, at a time. */
const MOST_DISCARDING = 4;

const noFuse = existsSync('/dev/fuse') ? undefined : 'this kernel has no FUSE';

/** What comes of clients that keep to no rules: for guests of any version, and for the host. */
export function describeLiars(): void {
  let cgroups: DelegatedCgroups;
  let server: TestBroker;

  useBroker((setting) => {
    ({ cgroups, server } = setting);
  });

  describe('a client that lies', () => {
    /** What comes of what a liar does; the broker serves another before and after. */
    async function lie(...commands: string[]): Promise<string> {
      using honest = BrokerClient.connect(server.path);
      expect(await honest.programs()).toEqual(['egress', 'ingress']);
      using liar = await connectedLiar(server.path);
      for (const command of commands) expect(await liar.ask(command)).toBe('0');
      const answer = await liar.ask('receive');
      expect(await honest.programs()).toEqual(['egress', 'ingress']);
      expect(attachedIn(cgroups.outer)).toEqual([]);
      await liar.end();
      return answer;
    }

    test.each([
      ['nothing', [`send ${EGRESS}`], 'comes with one open cgroup'],
      ['two cgroups', ['take INNER', 'take INNER', `send ${EGRESS}`], 'comes with one open cgroup'],
      ["somebody else's cgroup", ['take OUTER', `send ${EGRESS}`], "is user 0's"],
      ['the top of the hierarchy', ['take ROOT', `send ${EGRESS}`], 'is not in'],
    ])('about the cgroup, and passes %s, is refused', async (_, commands, why) => {
      const answer = await lie(...commands.map(named));
      expect(answer).toContain('"code":"ERR_BPF_BROKER_REFUSED"');
      expect(answer).toContain(why);
      expect(server.refusals).toEqual(['ERR_BPF_BROKER_REFUSED']);
    });

    test.each([
      ['passes a directory that is no cgroup', ['take /', `send ${EGRESS}`]],
      ['passes a file of a cgroup', ['take INNER/cgroup.procs', `send ${EGRESS}`]],
      ['passes a directory of another file system of the same kind', ['take /sys/kernel', `send ${EGRESS}`]],
      ['passes a file', ['take /etc/passwd', `send ${EGRESS}`]],
      ['passes a file beside a cgroup', ['take INNER', 'take /etc/passwd', `send ${EGRESS}`]],
      ['passes too much', [...Array<string>(5).fill('take INNER'), `send ${EGRESS}`]],
      ['passes far too much', [...Array<string>(40).fill('take /etc/passwd'), `send ${EGRESS}`]],
      ['sends no JSON', ['send junk']],
      ['sends bytes of nothing', ['send-bytes 100']],
      ['sends too much', ['take INNER', 'send-bytes 100000']],
      ['sends another type', ['send [1]']],
      ['sends null', ['send null']],
      ['asks without a number', ['send {"call":"programs"}']],
      ['asks with a number that is none', ['send {"id":1.5,"call":"programs"}']],
      ['asks with a number that is too large', ['send {"id":1e300,"call":"programs"}']],
      ['asks for what there is not', ['send {"id":1,"call":"detach"}']],
      ['names no program', ['take INNER', 'send {"id":1,"call":"attach"}']],
      ['names a program by a list', ['take INNER', 'send {"id":1,"call":"attach","program":["egress"]}']],
    ])('%s: the connection is ended with the reason', async (_, commands) => {
      const answer = await lie(...commands.map(named));
      expect(answer).toContain('"farewell"');
      expect(answer).toContain('"code":"ERR_BPF_BROKER_MESSAGE"');
      expect(server.refusals).toEqual(['ERR_BPF_BROKER_MESSAGE']);
    });

    const V1 = '/sys/fs/cgroup/memory';

    // Guests have version 2 alone.
    test.runIf(existsSync(`${V1}/cgroup.procs`))('passes a cgroup of version 1', async () => {
      expect(await lie(`take ${V1}`, `send ${EGRESS}`)).toContain('"ERR_BPF_BROKER_MESSAGE"');
    });

    test.skipIf(noFuse)(
      `passes a file that never lets itself be closed: nobody waits for it${noFuse ? ` (skipped: ${noFuse})` : ''}`,
      async () => {
        using honest = BrokerClient.connect(server.path);
        const directory = mkdtempSync(join(tmpdir(), 'bpf-lsm-stuck-'));
        using stuck = new Helper(directory, [program('stuck_file')]);
        for (let i = 0; i < MOST_DISCARDING; i++) {
          expect(await stuck.ask(`${server.path}\n${EGRESS}`)).toContain('"ERR_BPF_BROKER_MESSAGE"');
          expect(await honest.programs()).toEqual(['egress', 'ingress']);
        }
        // By now this user keeps enough threads busy.
        expect(await stuck.ask(`${server.path}\n${EGRESS}`)).toContain('does not let itself be closed');
        using liar = await connectedLiar(server.path);
        await liar.ask('send {"id":1,"call":"programs"}');
        expect(await liar.ask('receive')).toContain('egress');
        // With the file system everything that hung in it ends.
        await stuck.end();
        using again = await untilServed(server.path);
        expect(await again.programs()).toEqual(['egress', 'ingress']);
        rmdirSync(directory);
      },
    );

    test('sends a message of nothing: it is taken to be gone', async () => {
      expect(await lie(named('take INNER'), 'send-bytes 0')).toBe('end');
      expect(server.records).toEqual([]);
    });

    function named(command: string): string {
      return command
        .replace('INNER', cgroups.inner.path)
        .replace('OUTER', cgroups.outer.path)
        .replace('ROOT', Cgroup.root().path);
    }
  });

  describe('nothing stays attached, and others are served,', () => {
    test('when a client disconnects before the answer', async () => {
      using honest = BrokerClient.connect(server.path);
      using liar = await connectedLiar(server.path);
      // Both before the broker, which is this process, comes to read.
      const said = [liar.ask(`take ${cgroups.inner.path}`), liar.ask(`send ${EGRESS}`), liar.ask('close')];
      await Promise.all(said);
      expect(await honest.programs()).toEqual(['egress', 'ingress']);
      await settled(() => server.broker.clients === 1);
      expect(attachedIn(cgroups.outer)).toEqual([]);
    });

    test('when a client is killed with its answers unread', async () => {
      const liar = await connectedLiar(server.path);
      for (const name of ['a', 'b', 'c']) {
        const own = cgroups.inner.createChild(name);
        delegate(own, NOBODY);
        await liar.ask(`take ${own.path}`);
        await liar.ask(`send ${EGRESS}`);
      }
      await settled(() => server.records.length === 3);
      expect(attachedIn(cgroups.outer).length).toBe(3);
      liar[Symbol.dispose]();
      await settled(() => attachedIn(cgroups.outer).length === 0 && server.broker.clients === 0);
    });
  });
}

/** A client that the broker has room for again. */
async function untilServed(path: string): Promise<BrokerClient> {
  for (;;) {
    const client = BrokerClient.connect(path);
    const names = await client.programs().catch(() => undefined);
    if (names) return client;
    await sleep(5);
  }
}
