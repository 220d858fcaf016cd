import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BpfArray, BpfObject, Link, MapOfMaps } from '../../src/index.js';
import { guardId, presentation } from '../../src/policy/engine/guard-token.js';
import { Passage } from '../../src/policy/engine/passage.js';
import { policyStatus, removePolicies } from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { type Attempts, all, outcomes } from '../support/attempts.js';
import { BPFFS, ENGINE } from '../support/guarded-engine.js';
import {
  apply,
  guarded,
  LINKS,
  leave,
  removable,
  settle,
  TOKEN,
  withToken,
} from '../support/guarded-policy.js';
import { Helper } from '../support/helper.js';
import { fixture, program } from '../support/objects.js';

// include/uapi/linux/bpf.h
const BPF_F_RDONLY = 8;

let other: BpfArray<unknown>;
let attacker: Helper;
let bystander: Helper;

beforeAll(() => {
  settle();
  other = BpfArray.create({ valueSize: 4, maxEntries: 1 });
  other.pin(`${BPFFS}/another`);
  attacker = new Helper(program('engine_attacks'));
  bystander = new Helper(program('kernel_calls'));
});
afterAll(async () => {
  for (const helper of [attacker, bystander]) helper[Symbol.dispose]();
  other.close();
  await leave();
});

test('maps, programs and links are not given out', { timeout: 180_000 }, async () => {
  await apply();
  const ids = idsOfEngine();
  const attacks: Attempts = {
    'a map by id': () => attacker.ask('map-by-id', ids.control, 0),
    'a map by id, for reading': () => attacker.ask('map-by-id', ids.control, BPF_F_RDONLY),
    'a map in a map by id': () => attacker.ask('map-by-id', ids.inner, 0),
    'a map in a map by id, for reading': () => attacker.ask('map-by-id', ids.inner, BPF_F_RDONLY),
    'a map in a map into another': () => attacker.ask('update-map-in-map', ids.inner),
    'a pinned map': () => attacker.ask('get', `${ENGINE}/control`, 0),
    'a pinned map, for reading': () => attacker.ask('get', `${ENGINE}/control`, BPF_F_RDONLY),
    'a program by id': () => attacker.ask('program-by-id', ids.program),
    'a link by id': () => attacker.ask('link-by-id', ids.link),
    'a program that overrules': () => loading('overrule'),
  };
  const controls: Attempts = {
    'a map by id': () => attacker.ask('map-by-id', other.id, 0),
    'a pinned map': () => attacker.ask('get', `${BPFFS}/another`, 0),
    'a program that looks on': () => loading('look_on'),
    'a descriptor of another process': () => attacker.ask('getfd', bystander.pid, 0),
  };
  expect(await outcomes(attacks)).toEqual(all(attacks, '0'));
  const switchable = switchingFtrace();
  await apply(guarded);
  // Linux 7.3 refuses it by itself.
  expect(switchingFtrace()).toBe(switchable === '0' ? 'EPERM' : switchable);
  expect(attempt(() => writeFileSync('/proc/sys/kernel/sysctl_writes_strict', '1'))).toBe('0');
  const next = idsOfEngineWithToken();
  expect(next.inner).not.toBe(ids.inner);
  expect(await outcomes(attacks)).toEqual({ ...all(attacks, 'EPERM') });
  for (const id of next.all) expect(await attacker.ask('map-by-id', id, 0)).toBe('EPERM');
  expect(await outcomes(controls)).toEqual(all(controls, '0'));
  // Of a link there is a descriptor, with which nothing can be done.
  const pin = `${LINKS}/${readdirSync(LINKS)[0]}`;
  expect(await attacker.ask('detach', pin)).toBe('EOPNOTSUPP');
  expect(await attacker.ask('detach-by-id', ids.link)).toBe('EPERM');
  expect(removable()).toBe('EACCES');
});

test('they are given to who has presented the token, and cannot be taken from there', {
  timeout: 120_000,
}, async () => {
  await apply(guarded);
  const { control } = idsOfEngineWithToken();
  const right = presentation(guardId(ENGINE), TOKEN);
  using holder = new Helper(program('engine_attacks'));
  const opened = () => holder.ask('map-by-id', control, 0);
  expect(await opened()).toBe('EPERM');
  expect(await holder.ask('get', presentation(guardId(ENGINE), `${TOKEN}!`), 0)).toBe('EACCES');
  expect(await opened()).toBe('EPERM');
  expect(await attacker.ask('getfd', holder.pid, 0)).toBe('0');
  expect(await holder.ask('get', right, 0)).toBe('ENOENT');
  expect(await opened()).toBe('0');
  expect(await attacker.ask('map-by-id', control, 0)).toBe('EPERM');
  expect(await attacker.ask('getfd', holder.pid, 0)).toBe('EPERM');
  expect(await attacker.ask('attach', holder.pid)).toBe('EPERM');
  expect(await attacker.ask('attach', bystander.pid)).toBe('0');
  expect(await holder.ask('exec')).toBe('0');
  expect(await opened()).toBe('EPERM');
  expect(await attacker.ask('attach', holder.pid)).toBe('0');
  const { turnedAway } = (await policyStatus({ directory: ENGINE })) as {
    turnedAway: { wrongTokens: bigint };
  };
  expect(turnedAway.wrongTokens).toBe(1n);
  await removePolicies(withToken);
  expect([await loading('overrule'), removable()]).toEqual(['0', '0']);
});

/** Ids of what the engine consists of. */
function idsOfEngine() {
  using control = BpfArray.open(`${ENGINE}/control`);
  using outer = MapOfMaps.open<number>(`${ENGINE}/generations`);
  using link = Link.open(`${LINKS}/${readdirSync(LINKS)[0]}`);
  const all = [...outer.ids()].map(([, id]) => id);
  return {
    control: control.id,
    inner: all.at(-1) as number,
    all,
    link: link.id,
    program: link.info().programId,
  };
}

function idsOfEngineWithToken() {
  using _passage = Passage.through(ENGINE, TOKEN);
  return idsOfEngine();
}

const switchingFtrace = () => attempt(() => writeFileSync('/proc/sys/kernel/ftrace_enabled', '1'));

/** Loads one program of overruling.bpf.c. */
async function loading(name: string): Promise<string> {
  const open = BpfObject.open(fixture('overruling'));
  for (const each of ['overrule', 'overrule_by_cgroup', 'look_on']) {
    (open.programs[each] as { autoload: boolean }).autoload = each === name;
  }
  try {
    (await open.load()).close();
    return '0';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
