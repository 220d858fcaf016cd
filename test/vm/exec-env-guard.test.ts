import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ExecEnvGuard } from '../../examples/types/exec_env_guard.js';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { shipped } from '../support/objects.js';

const directory = mkdtempSync(join(tmpdir(), 'exec-env-guard-'));
afterAll(() => rmSync(directory, { recursive: true }));

function copyOfEcho(name: string, mode = 0o755): string {
  const path = join(directory, name);
  copyFileSync('/bin/echo', path);
  chmodSync(path, mode);
  return path;
}

type Settings = Partial<ExecEnvGuard['globals']>;
type Environment = Record<string, string>;

async function loadGuard(settings: Settings): Promise<BpfObject<ExecEnvGuard>> {
  const open = BpfObject.open<ExecEnvGuard>(shipped('examples/exec_env_guard'));
  Object.assign(open.globals, settings);
  return open.load();
}

function start(
  path: string,
  env: Environment,
  args: readonly string[] = ['output'],
): SpawnSyncReturns<string> {
  return spawnSync(path, args, { env, encoding: 'utf8' });
}

const ran = { signal: null, status: 0, stdout: 'output\n' };
const killed = { signal: 'SIGKILL', status: null, stdout: '', stderr: '' };

// An empty library path: the loader has nothing to preload, and does not say that it could not.
const preload = { LD_PRELOAD: '' };

describe('the example exec_env_guard', () => {
  test('kills a listed program with the variable before its first output, while it is attached', async () => {
    const listed = copyOfEcho('listed');
    const other = copyOfEcho('other');
    const file = openSync(listed, 'r');
    expect(start(listed, preload)).toMatchObject(ran);

    using guard = await loadGuard({ mode: 'MODE_ENFORCE' });
    guard.maps.listed.set(file, 1);
    expect(start(listed, preload)).toMatchObject(ran);

    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    const link = guard.programs.guard_exec.attach();
    expect(start(listed, preload)).toMatchObject(killed);
    expect(start(listed, {})).toMatchObject(ran);
    expect(start(other, preload)).toMatchObject(ran);
    // It is the file that counts, not the name it is started by.
    spawnSync('ln', [listed, join(directory, 'linked')]);
    expect(start(join(directory, 'linked'), preload)).toMatchObject(killed);

    guard.maps.listed.delete(file);
    expect(start(listed, preload)).toMatchObject(ran);
    guard.maps.listed.set(file, 1);
    expect(start(listed, preload)).toMatchObject(killed);
    link.close();
    expect(start(listed, preload)).toMatchObject(ran);
    closeSync(file);

    expect([guard.globals.seen, guard.globals.killed]).toEqual([3n, 3n]);
    expect(events.read()).toMatchObject(
      [listed, join(directory, 'linked'), listed].map((filename) => ({
        filename,
        reason: 'REASON_LISTED',
        verdict: 'VERDICT_KILLED',
        count: 1,
        value: '',
        ppid: process.pid,
        unreadable: false,
      })),
    );
    expect(events.stats()).toEqual({ delivered: 3, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('finds the variable wherever it stands, and nothing that only looks like it', async () => {
    const listed = copyOfEcho('listed');
    const file = openSync(listed, 'r');
    using guard = await loadGuard({ mode: 'MODE_ENFORCE' });
    guard.maps.listed.set(file, 1);
    using _link = guard.programs.guard_exec.attach();

    const before = {
      A: '1',
      EMPTY: '',
      LONG: 'l'.repeat(5000),
      EDGE: 'e'.repeat(122),
      EDGE2: 'e'.repeat(121),
    };
    const after = { Y: 'y', Z: '' };
    for (const env of [
      { ...preload, ...after },
      { ...before, ...preload },
      { ...before, ...preload, ...after },
    ]) {
      expect(start(listed, env)).toMatchObject(killed);
      expect(start(listed, env, ['', 'output', ''])).toMatchObject(killed);
    }

    const similar = {
      LD_PRELOAD_: '1',
      LD_PRELOA: '1',
      XLD_PRELOAD: '1',
      ld_preload: '1',
      OTHER: 'LD_PRELOAD=1',
      PAD: `${'p'.repeat(123)}LD_PRELOAD=1`,
    };
    expect(start(listed, { ...before, ...similar, ...after })).toMatchObject(ran);
    expect(start('/bin/sh', preload, ['-c', `unset LD_PRELOAD; exec ${listed} output`])).toMatchObject(ran);
    const { stdout, signal } = start(listed, {}, ['LD_PRELOAD=1', '', 'LD_PRELOAD=1']);
    expect([stdout, signal]).toEqual(['LD_PRELOAD=1  LD_PRELOAD=1\n', null]);
    expect(guard.globals.killed).toBe(6n);
    closeSync(file);
  });

  test('survives empty arguments: none hides the variable, none ends the walk', async () => {
    const listed = copyOfEcho('listed');
    const file = openSync(listed, 'r');
    using guard = await loadGuard({ mode: 'MODE_ENFORCE' });
    guard.maps.listed.set(file, 1);
    using _link = guard.programs.guard_exec.attach();
    for (const args of [[''], ['', ''], ['', 'a', '', '']]) {
      expect(start(listed, { A: '1' }, args)).toMatchObject({ signal: null, status: 0 });
      expect(start(listed, { A: '', ...preload }, args)).toMatchObject(killed);
    }
    closeSync(file);
  });

  test('guards set-uid and set-gid programs when told so', async () => {
    const [setUid, setGid, plain] = [copyOfEcho('u', 0o4755), copyOfEcho('g', 0o2755), copyOfEcho('p')];
    using guard = await loadGuard({ mode: 'MODE_ENFORCE' });
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.guard_exec.attach();
    expect(start(setUid, preload)).toMatchObject(ran);
    guard.globals.guard_set_id = true;
    expect(start(setUid, preload)).toMatchObject(killed);
    expect(start(setGid, preload)).toMatchObject(killed);
    expect(start(plain, preload)).toMatchObject(ran);
    expect(start(setUid, {})).toMatchObject(ran);
    // Another real than effective user: the kernel tells the loader to be as careful as with a set-uid program.
    const asAnother = ['--ruid', '1234', plain, 'output'];
    expect(start('/usr/bin/setpriv', preload, asAnother)).toMatchObject(killed);
    expect(start('/usr/bin/setpriv', {}, asAnother)).toMatchObject(ran);
    guard.globals.guard_set_id = false;
    expect(start('/usr/bin/setpriv', preload, asAnother)).toMatchObject(ran);
    expect(start(setUid, preload)).toMatchObject(ran);
    expect(events.read().map(({ filename, reason }) => [filename, reason])).toEqual([
      [setUid, 'REASON_SET_ID'],
      [setGid, 'REASON_SET_ID'],
      [plain, 'REASON_SET_ID'],
    ]);
  });

  test('audits without killing, and for another variable, switched while it runs', async () => {
    const listed = copyOfEcho('listed');
    const file = openSync(listed, 'r');
    using guard = await loadGuard({});
    guard.maps.listed.set(file, 1);
    using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
    using _link = guard.programs.guard_exec.attach();
    const env = { GUARDED: 'some value' };
    expect(start(listed, preload)).toMatchObject(ran);
    expect(events.read()).toMatchObject([{ verdict: 'VERDICT_WOULD_KILL', value: '' }]);
    guard.globals.mode = 'MODE_ENFORCE';
    expect(start(listed, env)).toMatchObject(ran);
    guard.globals.forbidden_name = 'GUARDED';
    expect(start(listed, env)).toMatchObject(killed);
    expect(start(listed, preload)).toMatchObject(ran);
    expect(events.read()).toMatchObject([{ verdict: 'VERDICT_KILLED', value: 'some value', count: 1 }]);
    closeSync(file);
  });
});
