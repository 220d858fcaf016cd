import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BpfArray, BpfObject, Link, MapOfMaps } from '../../src/index.js';
import { guardId, presentation } from '../../src/policy/engine/guard-token.js';
import { Passage } from '../../src/policy/engine/passage.js';
import { readReport } from '../../src/policy/engine/report.js';
import {
  adoptIntoDomain,
  applyPolicies,
  confirmPolicies,
  definePolicy,
  policyStatus,
  printPolicies,
  removePolicies,
  rollbackPolicies,
  runInDomain,
} from '../../src/policy/index.js';
import { attempt } from '../support/attempt.js';
import { Child } from '../support/child.js';
import {
  BPFFS,
  ELSEWHERE,
  ENGINE,
  OUTER,
  PEER,
  PLACE,
  pitch,
  ROOT,
  run,
  share,
  strike,
  TENT,
  unshare,
  WAY,
} from '../support/guarded-engine.js';
import { Helper } from '../support/helper.js';
import { fixture, program } from '../support/objects.js';
import { thrown } from '../support/thrown.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TOKEN = 'the token of the day';
const [SPARE, EMPTY, LINKS] = [`${ENGINE}/spare`, `${ENGINE}/empty`, `${ENGINE}/links`];
const OTHER = `${BPFFS}/other`;
// include/uapi/linux/bpf.h
const BPF_F_RDONLY = 8;

const policy = definePolicy({
  name: 'kept',
  scope: 'host',
  mode: 'enforce',
  rules: [{ deny: ['remove'], objects: [{ beneath: `${ROOT}/kept` }] }],
});
const apply = (more: Parameters<typeof applyPolicies>[1] = {}) =>
  applyPolicies([policy], { directory: ENGINE, ...more });
const withToken = { directory: ENGINE, token: TOKEN };
const guarded = { guard: { token: TOKEN } };

/** Whether the policy is enforced. */
const removable = () => {
  writeFileSync(`${ROOT}/kept/file`, '');
  return attempt(() => unlinkSync(`${ROOT}/kept/file`));
};

type Attempts = Record<string, () => string | Promise<string>>;

async function outcomes(attempts: Attempts): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, attack] of Object.entries(attempts)) found[name] = await attack();
  return found;
}

const all = (attempts: Attempts, outcome: string) =>
  Object.fromEntries(Object.keys(attempts).map((name) => [name, outcome]));

let spare: BpfArray<unknown>;
let other: BpfArray<unknown>;
let attacker: Helper;
let mounter: Helper;

beforeAll(() => {
  mkdirSync(`${ROOT}/kept`, { recursive: true });
  pitch();
  spare = BpfArray.create({ valueSize: 4, maxEntries: 1 });
  other = BpfArray.create({ valueSize: 4, maxEntries: 1 });
  attacker = new Helper(program('engine_attacks'));
  mounter = new Helper(program('kernel_calls'));
});
afterAll(async () => {
  for (const helper of [attacker, mounter]) helper[Symbol.dispose]();
  await removePolicies(withToken);
  spare.close();
  other.close();
  strike();
});

/** Does something, and undoes it if it was done. */
function undone(action: () => unknown, undo: () => unknown): string {
  const outcome = attempt(action);
  if (outcome === '0') undo();
  return outcome;
}

/** What can be done to names, on stand-ins in the directory of the engine. */
const NAMES: Attempts = {
  'unlink a pin': () =>
    undone(
      () => unlinkSync(SPARE),
      () => spare.pin(SPARE),
    ),
  'remove a directory': () =>
    undone(
      () => rmdirSync(EMPTY),
      () => mkdirSync(EMPTY),
    ),
  'rename a pin away': () =>
    undone(
      () => renameSync(SPARE, OTHER),
      () => renameSync(OTHER, SPARE),
    ),
  'rename a pin over one': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, SPARE),
      () => {
        unlinkSync(SPARE);
        spare.pin(SPARE);
        other.pin(`${BPFFS}/another`);
      },
    ),
  'rename into it': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, `${LINKS}/judge_open-0`),
      () => renameSync(`${LINKS}/judge_open-0`, `${BPFFS}/another`),
    ),
  'exchange a pin': () => attacker.ask('exchange-back', `${BPFFS}/another`, SPARE),
  'exchange the directory': () => attacker.ask('exchange-back', `${BPFFS}/beside`, ENGINE),
  'rename the directory': () =>
    undone(
      () => renameSync(ENGINE, `${BPFFS}/gone`),
      () => renameSync(`${BPFFS}/gone`, ENGINE),
    ),
  'rename what leads to it': () =>
    undone(
      () => renameSync(WAY, `${BPFFS}/gone`),
      () => renameSync(`${BPFFS}/gone`, WAY),
    ),
  'link a pin': () =>
    undone(
      () => linkSync(SPARE, OTHER),
      () => unlinkSync(OTHER),
    ),
  'link into it': () =>
    undone(
      () => linkSync(`${BPFFS}/another`, `${LINKS}/x`),
      () => unlinkSync(`${LINKS}/x`),
    ),
  'make a directory': () =>
    undone(
      () => mkdirSync(`${ENGINE}/x`),
      () => rmdirSync(`${ENGINE}/x`),
    ),
  'make a symbolic link': () =>
    undone(
      () => symlinkSync('/', `${LINKS}/x`),
      () => unlinkSync(`${LINKS}/x`),
    ),
  'pin into it': () => attacker.ask('pin', `${LINKS}/x`),
};

const NAMES_BESIDE: Attempts = {
  'unlink a pin': () =>
    undone(
      () => unlinkSync(`${BPFFS}/another`),
      () => other.pin(`${BPFFS}/another`),
    ),
  'rename a pin': () =>
    undone(
      () => renameSync(`${BPFFS}/another`, OTHER),
      () => renameSync(OTHER, `${BPFFS}/another`),
    ),
  'rename a directory': () =>
    undone(
      () => renameSync(`${BPFFS}/beside`, `${WAY}/x`),
      () => renameSync(`${WAY}/x`, `${BPFFS}/beside`),
    ),
  'pin a map': () => attacker.ask('pin', `${WAY}/x`),
  'make a directory': () =>
    undone(
      () => mkdirSync(`${WAY}/x`),
      () => rmdirSync(`${WAY}/x`),
    ),
};

test('names of pins are kept, and those beside them are not', { timeout: 180_000 }, async () => {
  expect(removable()).toBe('0');
  await apply();
  spare.pin(SPARE);
  other.pin(`${BPFFS}/another`);
  mkdirSync(EMPTY);
  expect(await outcomes(NAMES)).toEqual(all(NAMES, '0'));
  expect(await apply(guarded)).toMatchObject({ guarded: true, absent: [] });
  expect(await outcomes(NAMES)).toEqual(all(NAMES, 'EPERM'));
  expect(await outcomes(NAMES_BESIDE)).toEqual(all(NAMES_BESIDE, '0'));
  expect(removable()).toBe('EACCES');
  {
    // Whoever has presented the token may, and nobody else meanwhile.
    using _passage = Passage.through(ENGINE, TOKEN);
    expect(
      await outcomes({
        ...NAMES,
        'pin into it': () => '0',
        'exchange a pin': () => '0',
        'exchange the directory': () => '0',
      }),
    ).toEqual(all(NAMES, '0'));
    expect(await attacker.ask('pin', `${LINKS}/x`)).toBe('EPERM');
  }
  expect(attempt(() => unlinkSync(SPARE))).toBe('EPERM');
  expect(await removePolicies(withToken)).toBe(true);
  expect(removable()).toBe('0');
  expect(attempt(() => unlinkSync(SPARE))).toBe('0');
  expect(readdirSync(ENGINE)).toEqual(['empty']);
  rmdirSync(EMPTY);
});

describe('maps, programs and links', () => {
  test('are not given out', { timeout: 180_000 }, async () => {
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
      'a descriptor of another process': () => attacker.ask('getfd', mounter.pid, 0),
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

  test('are given to who has presented the token, and cannot be taken from there', {
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
    expect(await attacker.ask('attach', mounter.pid)).toBe('0');
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

describe('what the pins are mounted on', () => {
  const over: Attempts = {
    'mount(2)': () => mounter.ask('mount', 'tmpfs', BPFFS),
    'mount(2) on what leads to it': () => mounter.ask('mount', 'tmpfs', PLACE),
    'mount(2) on the mount above': () => mounter.ask('mount', 'tmpfs', OUTER),
    'mount(2) in the bpffs': () => mounter.ask('mount', 'tmpfs', WAY),
    'mount(2) on the directory': () => mounter.ask('mount', 'tmpfs', ENGINE),
    'mount(2) on one in it': () => mounter.ask('mount', 'tmpfs', LINKS),
    'fsmount(2)': () => mounter.ask('fsmount', 'tmpfs', PLACE),
    bind: () => mounter.ask('bind', ELSEWHERE, WAY),
    'open_tree(2)': () => mounter.ask('open-tree', ELSEWHERE, PLACE),
    'move it by mount(2)': () => mounter.ask('move', BPFFS, ELSEWHERE),
    'move it': () => mounter.ask('move-mount', BPFFS, ELSEWHERE),
    'move the mount above': () => mounter.ask('move-mount', OUTER, ELSEWHERE),
  };
  const ends: Attempts = {
    'umount -l': () => mounter.ask('umount', BPFFS),
    'umount -l above': () => mounter.ask('umount', OUTER),
  };
  const shared: Attempts = {
    'mount(2) on a peer': () => mounter.ask('mount', 'tmpfs', `${PEER}/place`),
    'umount -l of its copy': () => mounter.ask('umount', `${PEER}/place/fs`),
    'umount -l of a peer': () => mounter.ask('umount', PEER),
    'umount -l of what a peer is on': () => mounter.ask('umount', TENT),
  };
  const controls: Attempts = {
    'mount(2)': () => mounter.ask('mount', 'tmpfs', `${OUTER}/side`),
    'mount(2) of a bpffs': () => mounter.ask('mount', 'bpf', ELSEWHERE),
    'mount(2) in the bpffs': () => mounter.ask('mount', 'tmpfs', `${BPFFS}/beside`),
    bind: () => mounter.ask('bind', BPFFS, ELSEWHERE),
    'fsmount(2)': () => mounter.ask('fsmount', 'tmpfs', `${OUTER}/side`),
    'open_tree(2)': () => mounter.ask('open-tree', OUTER, ELSEWHERE),
    'pivot_root(2) in a mount namespace of its own': () => mounter.ask('pivot-root', OUTER),
  };

  test('stays, and what leads there is not hidden', { timeout: 240_000 }, async () => {
    mkdirSync(LINKS, { recursive: true });
    expect(await outcomes(over)).toEqual(all(over, '0'));
    for (const end of Object.values(ends)) {
      expect(await end()).toBe('0');
      expect(existsSync(WAY)).toBe(false);
      pitch();
    }
    share();
    for (const [name, end] of Object.entries(shared)) {
      expect([name, await end(), existsSync(WAY)]).toEqual([name, '0', name.startsWith('mount')]);
      if (!name.startsWith('mount')) {
        run(`umount -lA ${OUTER} ${PEER} ${TENT} 2>/dev/null || true`);
        run(`for at in ${PEER} ${TENT} ${OUTER}; do while mountpoint -q $at; do umount -l $at; done; done`);
        pitch();
        share();
      }
    }
    unshare();
    expect(await attacker.ask('pivot-here', ELSEWHERE)).toBe('EINVAL');

    await apply(guarded);
    expect(await outcomes(over)).toEqual(all(over, 'EPERM'));
    expect(await outcomes(ends)).toEqual(all(ends, 'EPERM'));
    expect(await attacker.ask('pivot-here', ELSEWHERE)).toBe('EPERM');
    expect(await outcomes(controls)).toEqual(all(controls, '0'));
    share();
    expect(await outcomes(shared)).toEqual(all(shared, 'EPERM'));
    // A bind mount of what leads nowhere shares events too.
    expect(await mounter.ask('bind', `${OUTER}/side`, ELSEWHERE)).toBe('0');
    expect(existsSync(`${PEER}/place/fs/way/engine/control`)).toBe(true);
    unshare();
    expect([existsSync(`${ENGINE}/control`), removable()]).toEqual([true, 'EACCES']);
    expect(await policyStatus({ directory: ENGINE })).toMatchObject({ guarded: true, absent: [] });

    await removePolicies(withToken);
    mkdirSync(LINKS, { recursive: true });
    expect(await outcomes(over)).toEqual(all(over, '0'));
    for (const end of Object.values(ends)) {
      expect(await end()).toBe('0');
      pitch();
    }
  });
});

describe('the token', () => {
  test('is needed for whatever changes anything, and not for the status', { timeout: 240_000 }, async () => {
    const domain = definePolicy({
      name: 'domain',
      scope: { domain: 'some' },
      mode: 'enforce',
      rules: [{ deny: ['chroot'] }],
    });
    await applyPolicies([domain], { directory: ENGINE });
    expect(removable()).toBe('0');
    await apply({ ...guarded, keep: true, confirmWithin: 600 });
    expect(removable()).toBe('EACCES');
    for (const [token, code] of [
      [undefined, 'ERR_BPF_GUARDED'],
      ['not the token of the day', 'ERR_BPF_GUARD_TOKEN'],
      ['short', 'ERR_BPF_ARGUMENT'],
    ] as const) {
      const where = { directory: ENGINE, ...(token !== undefined && { token }) };
      for (const call of [
        () => applyPolicies([], where),
        () =>
          applyPolicies([], {
            ...where,
            guard: { token: 'a new one for the guard' },
            ...(token === undefined && { token: 'which it was before' }),
          }),
        () => confirmPolicies(where),
        () => rollbackPolicies(where),
        () => removePolicies(where),
        () => runInDomain('some', ['true'], where),
        () => adoptIntoDomain('some', attacker.pid, where),
      ]) {
        const { code: found } = await thrown(call);
        expect([code, 'ERR_BPF_GUARD_TOKEN']).toContain(found);
      }
    }
    const told = await policyStatus({ directory: ENGINE });
    expect(told).toMatchObject({
      guarded: true,
      policies: [{ name: 'domain' }, { name: 'kept', mode: 'enforce', denials: { remove: 1n } }],
      expired: false,
      absent: [],
    });
    expect(await policyStatus(withToken)).toEqual({
      ...told,
      turnedAway: (await policyStatus({ directory: ENGINE }))?.turnedAway,
    });

    expect(await confirmPolicies(withToken)).toMatchObject({ confirmUntilNs: undefined });
    await rollbackPolicies(withToken);
    expect(removable()).toBe('0');
    await rollbackPolicies(withToken);
    expect(removable()).toBe('EACCES');
    const child = await runInDomain('some', ['true'], withToken);
    await new Promise((resolve) => child.once('close', resolve));
    await adoptIntoDomain('some', mounter.pid, withToken);
    expect(await mounter.ask('chroot', '/')).toBe('EACCES');

    // Nobody confirms: the kernel goes back by itself, guard or not.
    await applyPolicies([], { ...withToken, confirmWithin: 1 });
    while (!(await policyStatus({ directory: ENGINE }))?.expired) await sleep(50);
    expect(removable()).toBe('EACCES');

    // Another token, in place of the first.
    await apply({ token: TOKEN, guard: { token: 'the token of tomorrow' } });
    expect(await thrown(() => removePolicies(withToken))).toMatchObject({ code: 'ERR_BPF_GUARD_TOKEN' });
    expect(await removePolicies({ directory: ENGINE, token: 'the token of tomorrow' })).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
    expect(await policyStatus({ directory: ENGINE })).toBeUndefined();
    mounter[Symbol.dispose]();
    mounter = new Helper(program('kernel_calls'));
  });

  test('is enough to finish what a process was killed at', { timeout: 600_000 }, async () => {
    const pins = () =>
      existsSync(`${ENGINE}/guard_links`) ? readdirSync(`${ENGINE}/guard_links`).length : 0;
    const armed = () => readReport(ENGINE)?.armed === true;
    const killedAt = async (moment: () => boolean) => {
      using child = new Child('apply-guarded', [ENGINE, TOKEN, `${ROOT}/kept`]);
      while (!moment()) await sleep(20);
      child.kill('SIGKILL');
      await child.ended();
    };
    // A part of the guard is attached.
    await killedAt(() => pins() >= 5);
    expect(armed()).toBe(false);
    expect(await removePolicies(withToken)).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
    // It is armed, and the policies may be in force or not yet.
    await killedAt(armed);
    expect([armed(), attempt(() => unlinkSync(`${ENGINE}/control`))]).toEqual([true, 'EPERM']);
    expect(await apply({ token: TOKEN })).toMatchObject({
      guarded: true,
      absent: [],
      policies: [{ name: 'kept' }],
    });
    expect(removable()).toBe('EACCES');
    expect(await removePolicies(withToken)).toBe(true);
    expect([removable(), existsSync(ENGINE)]).toEqual(['0', false]);
  });
});

test('the commands take the token from a file', { timeout: 600_000 }, () => {
  const [file, token] = [`${ROOT}/kept.yaml`, `${ROOT}/token`];
  writeFileSync(file, printPolicies([policy]));
  const call = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args, '--directory', ENGINE], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  expect(call('apply', '--guard', '--token-file', token, file)).toMatchObject({
    status: 0,
    stderr: `The token is in ${token}.\n`,
  });
  expect(statSync(token).mode & 0o777).toBe(0o600);
  expect(removable()).toBe('EACCES');
  expect(call('status').stdout).toMatch(/^kept {2}enforce\n.*\nGuarded: turned away 0, wrong tokens 0\.\n/);
  expect(call('remove')).toMatchObject({ status: 1, stderr: expect.stringContaining('--token-file') });
  expect(call('remove', '--token-file', token)).toMatchObject({ status: 0, stdout: 'Removed.\n' });
  expect(removable()).toBe('0');
});
