import { describe, expect, test } from 'vitest';
import { BrokerClient } from '../../src/index.js';
import { linkInfoById } from '../../src/object/index.js';
import {
  attachedIn,
  connectedLiar,
  type DelegatedCgroups,
  Manager,
  settled,
  type TestBroker,
} from '../support/broker.js';
import { useBroker } from '../support/broker-setting.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';
import { asOrdinaryUser, noWayForOrdinaryUser } from '../support/ordinary-user.js';
import { thrown } from '../support/thrown.js';

const noWay = noWayForOrdinaryUser();
const EGRESS = '{"id":1,"call":"attach","program":"egress"}';

describe.skipIf(noWay)(`a broker serves everybody${noWay ? ` (skipped: ${noWay})` : ''}`, () => {
  let cgroups: DelegatedCgroups;
  let server: TestBroker;

  useBroker((setting) => {
    ({ cgroups, server } = setting);
  });

  test('when a client floods and never reads its answers', async () => {
    using honest = BrokerClient.connect(server.path);
    const liars = await Promise.all([1, 2, 3].map(async () => connectedLiar(server.path)));
    const flooded = liars.map(async (liar) => liar.ask('flood {"id":1,"call":"programs"}'));
    for (let i = 0; i < 20; i++) expect(await honest.programs()).toEqual(['egress', 'ingress']);
    for (const flood of flooded) expect(await flood).toMatch(/^\d+ (EPIPE|ECONNRESET)$/);
    for (const liar of liars) await untilDismissed(liar);
    expect(server.broker.clients).toBe(1);
    expect(server.refusals).toEqual(Array<string>(3).fill('ERR_BPF_BROKER_MESSAGE'));
    for (const liar of liars) await liar.end();
  });

  test('when clients come and go in a crowd', async () => {
    const crowd = await Promise.all(Array.from({ length: 12 }, async () => connectedLiar(server.path)));
    using manager = await Manager.start();
    await manager.ask('connect', server.path);
    const id = manager.ask<number>('attach', 'ingress', cgroups.inner.path);
    for (const liar of crowd) {
      await liar.ask(`take ${cgroups.inner.path}`);
      void liar.ask(`send ${EGRESS}`).catch(() => undefined);
      liar[Symbol.dispose]();
    }
    expect(linkInfoById(await id)).toMatchObject({ defunct: false });
    await settled(() => server.broker.clients === 1);
    expect(attachedIn(cgroups.outer)).toEqual([await id]);
  });

  test('when the broker ends with requests unanswered', async () => {
    using client = BrokerClient.connect(server.path);
    const asked = client.programs();
    server.broker.close();
    expect(await thrown(async () => asked)).toMatchObject({ code: 'ERR_BPF_BROKER_GONE' });
    expect(await thrown(async () => client.programs())).toMatchObject({ code: 'ERR_BPF_BROKER_GONE' });
  });

  test('when the broker has no descriptor left: who waits at the door is served later', async () => {
    const limit = `while read soft; do prlimit --pid ${process.pid} --nofile=$soft: && echo 0; done`;
    using limits = new Helper(limit, ['sh', '-c']);
    using liar = new Helper(program('liar'), asOrdinaryUser());
    expect(await limits.ask(3)).toBe('0');
    expect(await liar.ask('connect', server.path)).toBe('0');
    expect(await liar.ask('send {"id":1,"call":"programs"}')).toBe('0');
    await settled(() => server.refusals.includes('EMFILE'));
    expect(await limits.ask(1024)).toBe('0');
    expect(await liar.ask('receive')).toContain('egress');
    await liar.end();
    await limits.end();
  });
});

/** Reads what a liar was answered, to the end. */
async function untilDismissed(liar: Helper): Promise<void> {
  while ((await liar.ask('receive')) !== 'end');
}
