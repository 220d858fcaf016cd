import { chmodSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BpfObject, type BpfProgram, Cgroup, Link } from '../../src/index.js';
import { linkInfoById } from '../../src/object/index.js';
import { DelegatedCgroups, Manager, TestBroker } from '../support/broker.js';
import { fixture } from '../support/objects.js';
import { NOBODY } from '../support/ordinary-user.js';
import { tryBind } from '../support/sockets.js';
import { thrown } from '../support/thrown.js';

let object: BpfObject;
let cgroups: DelegatedCgroups;
let server: TestBroker;
let inner: Manager;

const program = (name: string): BpfProgram => object.programs[name] as BpfProgram;
const runs = (name: string): bigint => object.globals[`runs_${name}`] as bigint;

beforeAll(async () => {
  object = await BpfObject.open(fixture('delegation')).load();
  inner = await Manager.start();
});

afterAll(() => {
  inner?.[Symbol.dispose]();
  object?.close();
});

beforeEach(async () => {
  cgroups = new DelegatedCgroups(NOBODY);
  server = new TestBroker({
    programs: {
      allow_listen: program('inner_allow_listen'),
      allow_too: program('inner_allow_too'),
      deny_bind: program('inner_deny_bind'),
    },
    subtreeOf: ({ uid }) => (uid === NOBODY ? cgroups.inner : undefined),
  });
  await inner.ask('connect', server.path);
  cgroups.inner.add(inner.pid);
});

afterEach(async () => {
  await inner.ask('letGo');
  server[Symbol.dispose]();
  cgroups[Symbol.dispose]();
});

describe('an orchestrator in an orchestrator', () => {
  test('adds and removes programs of its own, which reach its cgroup alone', async () => {
    // This process is the one beside it.
    cgroups.beside.add(process.pid);
    expect([await inner.ask('listen'), await tryBind()]).toEqual(['0', '0']);
    const id = await inner.ask<number>('attach', 'deny_bind', cgroups.inner.path);
    expect([await inner.ask('listen'), await tryBind()]).toEqual(['EPERM', '0']);
    await inner.ask('closeLink', id);
    expect([await inner.ask('listen'), await tryBind()]).toEqual(['0', '0']);
    const below = await inner.ask<string>('createChild', cgroups.inner.path, 'below');
    await inner.ask('attach', 'deny_bind', below);
    expect(await inner.ask('listen')).toBe('0');
    // Delegated to it, so it may move itself within.
    await inner.ask('moveInto', below);
    expect(await inner.ask('listen')).toBe('EPERM');
  });

  test('lets nothing through that is denied above, whatever it attaches and in which order', async () => {
    expect(await inner.ask('listen')).toBe('0');
    // Before the outer manager's.
    const first = await inner.ask<number>('attach', 'allow_listen', cgroups.inner.path);
    expect(await inner.ask('listen')).toBe('0');
    const link = program('outer_listen').attach({ cgroup: cgroups.outer.path });
    expect(await inner.ask('listen')).toBe('EACCES');
    // After it.
    await inner.ask('attach', 'allow_too', cgroups.inner.path);
    const before = { outer: runs('outer_listen'), inner: runs('inner_listen') };
    expect(await inner.ask('listen')).toBe('EACCES');
    // Each was asked, both of the inner ones too.
    expect(runs('outer_listen') - before.outer).toBe(1n);
    expect(runs('inner_listen') - before.inner).toBe(2n);
    // Its own denials stand beside.
    const deny = await inner.ask<number>('attach', 'deny_bind', cgroups.inner.path);
    expect(await inner.ask('listen')).toBe('EPERM');
    await inner.ask('closeLink', deny);
    expect(await inner.ask('listen')).toBe('EACCES');
    await inner.ask('closeLink', first);
    expect(await inner.ask('listen')).toBe('EACCES');
    link.close();
    expect(await inner.ask('listen')).toBe('0');
  });

  test('cannot detach what stands above it', async () => {
    using link = program('outer_listen').attach({ cgroup: cgroups.outer.path });
    expect(await thrown(async () => inner.ask('openLink', link.id))).toMatchObject({
      code: 'EPERM',
      reason: 'permission',
    });
    expect(await thrown(async () => inner.ask('attach', 'allow_listen', cgroups.outer.path))).toMatchObject({
      code: 'ERR_BPF_BROKER_REFUSED',
    });
    // Nor can it leave: the files of the cgroups above are not its own.
    for (const way of [cgroups.beside, cgroups.outer, Cgroup.root()]) {
      expect(await thrown(async () => inner.ask('moveInto', way.path))).toMatchObject({ code: 'EACCES' });
    }
    expect(await inner.ask('listen')).toBe('EACCES');
    expect(link.info()).toMatchObject({ defunct: false });
  });
});

describe('a manager without privileges', () => {
  test('cannot load a program, and gets one attached that was vetted', async () => {
    const loading = await thrown(async () => inner.ask('load', fixture('delegation')));
    expect(loading).toMatchObject({ code: 'EPERM', reason: 'permission' });
    expect(loading.message).toContain('CAP_BPF');
    // The negative control: the same bytes load here.
    (await BpfObject.open(fixture('delegation')).load()).close();

    expect(await inner.ask('programs')).toEqual(['allow_listen', 'allow_too', 'deny_bind']);
    expect(await inner.ask('listen')).toBe('0');
    const id = await inner.ask<number>('attach', 'deny_bind', cgroups.inner.path);
    expect(linkInfoById(id)).toMatchObject({ attachType: 'lsm_cgroup', cgroupId: cgroups.inner.id });
    expect(await inner.ask('listen')).toBe('EPERM');
    await inner.ask('detachLink', id);
    expect(await inner.ask('listen')).toBe('0');
  });

  test('is refused a cgroup outside of its subtree, and may not open one that is closed to it', async () => {
    for (const foreign of [cgroups.beside, cgroups.outer, Cgroup.root()]) {
      expect(await thrown(async () => inner.ask('attach', 'deny_bind', foreign.path))).toMatchObject({
        code: 'ERR_BPF_BROKER_REFUSED',
        reason: 'permission',
        path: foreign.path,
      });
    }
    chmodSync(cgroups.beside.path, 0o700);
    expect(await thrown(async () => inner.ask('attach', 'deny_bind', cgroups.beside.path))).toMatchObject({
      code: 'EACCES',
      path: cgroups.beside.path,
    });
    // The negative control: its own it may.
    const id = await inner.ask<number>('attach', 'deny_bind', cgroups.inner.path);
    expect(linkInfoById(id)).toMatchObject({ cgroupId: cgroups.inner.id });
    expect(await inner.ask('listen')).toBe('EPERM');
  });

  test('has what it attached taken back, by whoever is privileged', async () => {
    const id = await inner.ask<number>('attach', 'deny_bind', cgroups.inner.path);
    expect(await inner.ask('listen')).toBe('EPERM');
    using link = Link.openById(id);
    link.detach();
    expect(await inner.ask('listen')).toBe('0');
    expect(await inner.ask('info', id)).toMatchObject({ defunct: true });
  });
});
