import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyStatus, removePolicies } from '../../src/policy/index.js';
import { type Attempts, all, outcomes } from '../support/attempts.js';
import {
  BPFFS,
  ELSEWHERE,
  ENGINE,
  OUTER,
  PEER,
  PLACE,
  pitch,
  run,
  share,
  TENT,
  unshare,
  WAY,
} from '../support/guarded-engine.js';
import { apply, guarded, LINKS, leave, removable, settle, withToken } from '../support/guarded-policy.js';
import { Helper } from '../support/helper.js';
import { program } from '../support/objects.js';

let attacker: Helper;
let mounter: Helper;

beforeAll(() => {
  settle();
  attacker = new Helper(program('engine_attacks'));
  mounter = new Helper(program('kernel_calls'));
});
afterAll(async () => {
  for (const helper of [attacker, mounter]) helper[Symbol.dispose]();
  await leave();
});

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

test('what the pins are mounted on stays, and what leads there is not hidden', {
  timeout: 240_000,
}, async () => {
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
