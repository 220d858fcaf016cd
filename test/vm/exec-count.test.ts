import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { ExecCount } from '../../examples/types/exec_count.js';
import { BpfObject, RingBuffer } from '../../src/index.js';
import { shipped } from '../support/objects.js';

const EXECS = 20;

describe('an LSM program on the void hook bprm_committed_creds', () => {
  test('counts every exec exactly, by a global, by a map and by events, and blocks none', async () => {
    const open = BpfObject.open<ExecCount>(shipped('examples/exec_count'));
    open.globals.target_parent = process.pid;
    using counter = await open.load();
    using events = new RingBuffer(counter.maps.events, { dropped: counter.maps.events_dropped });
    {
      using _link = counter.programs.count_exec.attach();
      for (let i = 0; i < EXECS; i++) expect(spawnSync('/bin/true').status).toBe(0);
    }
    expect(spawnSync('/bin/true').status).toBe(0);

    expect(counter.globals.execs).toBe(BigInt(EXECS));
    const byComm = [...counter.maps.execs_by_comm];
    expect(byComm).toEqual([[{ uid: 0, comm: 'true' }, BigInt(EXECS)]]);
    const seen = events.read();
    expect(seen.map(({ comm, filename, ppid }) => ({ comm, filename, ppid }))).toEqual(
      Array(EXECS).fill({ comm: 'true', filename: '/bin/true', ppid: process.pid }),
    );
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(EXECS);
    expect(events.stats()).toEqual({ delivered: EXECS, discarded: 0, dropped: 0n, waiting: 0 });
  });
});
