import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { ExecCount } from '../../examples/types/exec_count.js';
import { BpfObject, EventGroup, PerfBuffer, RingBuffer } from '../../src/index.js';
import { fixture, shipped } from '../support/objects.js';

const EXECS = 20;

/** test/fixtures/bpf/exec_perf.bpf.c */
interface ExecPerf {
  programs: 'count_exec';
  maps: {
    events: { key: never; value: { pid: number; ppid: number; comm: string; filename: string } };
    events_dropped: { key: number; value: bigint[] };
    execs_by_pid: { key: number; value: bigint };
  };
  globals: { target_parent: number; execs: bigint };
}

function exec(times: number): void {
  for (let i = 0; i < times; i++) expect(spawnSync('/bin/true').status).toBe(0);
}

const sum = (counts: Iterable<bigint>): bigint => [...counts].reduce((a, b) => a + b, 0n);

describe('the same execs through three channels', () => {
  test('agree: a global, a hash map and a ring buffer', async () => {
    const open = BpfObject.open<ExecCount>(shipped('examples/exec_count'));
    open.globals.target_parent = process.pid;
    using counter = await open.load();
    using ring = new RingBuffer(counter.maps.events, { dropped: counter.maps.events_dropped });
    {
      using _link = counter.programs.count_exec.attach();
      exec(EXECS);
    }
    // Not attached any more: none of the channels sees these.
    exec(3);
    const events = ring.read();
    expect(counter.globals.execs).toBe(BigInt(EXECS));
    expect(sum(counter.maps.execs_by_comm.values())).toBe(BigInt(EXECS));
    expect(events.map(({ filename }) => filename)).toEqual(Array(EXECS).fill('/bin/true'));
    expect(ring.stats()).toEqual({ delivered: EXECS, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('agree: a global, a hash map and a perf buffer', async () => {
    const open = BpfObject.open<ExecPerf>(fixture('exec_perf'));
    open.globals.target_parent = process.pid;
    using counter = await open.load();
    using perf = new PerfBuffer(counter.maps.events, { dropped: counter.maps.events_dropped });
    {
      using _link = counter.programs.count_exec.attach();
      exec(EXECS);
    }
    exec(3);
    const events = perf.read();
    expect(counter.globals.execs).toBe(BigInt(EXECS));
    expect(sum(counter.maps.execs_by_pid.values())).toBe(BigInt(EXECS));
    expect(events.map(({ comm, filename, ppid }) => [comm, filename, ppid])).toEqual(
      Array(EXECS).fill(['true', '/bin/true', process.pid]),
    );
    expect(new Set(events.map(({ pid }) => pid))).toEqual(new Set(counter.maps.execs_by_pid.keys()));
    expect(perf.stats()).toEqual({ delivered: EXECS, discarded: 0, dropped: 0n, waiting: 0 });
  });

  test('agree while readers are paused: what finds no room is counted, and nothing else is missing', async () => {
    const ringOpen = BpfObject.open<ExecCount>(shipped('examples/exec_count'));
    // Room for 12 events of 328 bytes with their headers.
    ringOpen.maps.events.maxEntries = 4096;
    ringOpen.globals.target_parent = process.pid;
    using ringCounter = await ringOpen.load();
    const perfOpen = BpfObject.open<ExecPerf>(fixture('exec_perf'));
    perfOpen.globals.target_parent = process.pid;
    using perfCounter = await perfOpen.load();
    using group = new EventGroup({
      ring: new RingBuffer(ringCounter.maps.events, { dropped: ringCounter.maps.events_dropped }),
      perf: new PerfBuffer(perfCounter.maps.events, { dropped: perfCounter.maps.events_dropped, pages: 1 }),
    });
    const seen = { ring: 0, perf: 0 };
    using subscription = group.onBatch(({ source, batch }) => {
      seen[source] += batch.length;
    });
    subscription.pause();
    const execs = 60;
    {
      using _ringLink = ringCounter.programs.count_exec.attach();
      using _perfLink = perfCounter.programs.count_exec.attach();
      exec(execs);
    }
    expect(seen).toEqual({ ring: 0, perf: 0 });
    const { ring, perf } = group.stats();
    expect(ring.dropped).toBeGreaterThan(0n);
    expect(perf.dropped).toBeGreaterThan(0n);
    subscription.resume();
    while (group.stats().ring.waiting + group.stats().perf.waiting > 0) await new Promise(setImmediate);
    expect(BigInt(seen.ring) + (ring.dropped ?? 0n)).toBe(BigInt(execs));
    expect(BigInt(seen.perf) + (perf.dropped ?? 0n)).toBe(BigInt(execs));
    expect(group.stats().ring).toEqual({ ...ring, delivered: seen.ring, waiting: 0 });
    expect(group.stats().perf).toEqual({ ...perf, delivered: seen.perf, waiting: 0 });
    expect([ringCounter.globals.execs, perfCounter.globals.execs]).toEqual([BigInt(execs), BigInt(execs)]);
    expect(sum(ringCounter.maps.execs_by_comm.values())).toBe(BigInt(execs));
    expect(sum(perfCounter.maps.execs_by_pid.values())).toBe(BigInt(execs));
  });
});
