// Counts the programs that start, three ways that must agree: by a global variable, by a map, by events.
//
//   needs root:  node build/examples/exec_count.js [SECONDS]

import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject, RingBuffer } from 'bpf-lsm';

/** What exec_count.bpf.o holds. */
export interface ExecCount {
  programs: 'count_exec';
  maps: {
    events: { key: never; value: ExecEvent };
    events_dropped: { key: number; value: bigint[] };
    execs_by_comm: { key: { uid: number; comm: string }; value: bigint };
  };
  globals: { target_parent: number; target_cgroup: bigint; execs: bigint; execs_not_in_map: bigint };
}

export interface ExecEvent {
  time_ns: bigint;
  cgroup: bigint;
  pid: number;
  ppid: number;
  uid: number;
  comm: string;
  filename: string;
  filename_size: number;
}

export const OBJECT: URL = new URL('../../dist/bpf/examples/exec_count.bpf.o', import.meta.url);

async function main(seconds: number): Promise<void> {
  using counter = await BpfObject.open<ExecCount>(OBJECT).load();
  using events = new RingBuffer(counter.maps.events, { dropped: counter.maps.events_dropped });
  using _link = counter.programs.count_exec.attach();
  await sleep(seconds * 1000);

  for (const { pid, ppid, filename } of events.read()) console.log(`${filename} as ${pid}, child of ${ppid}`);
  for (const [{ uid, comm }, count] of counter.maps.execs_by_comm)
    console.log(`${comm} by uid ${uid}: ${count}`);
  const { delivered, dropped } = events.stats();
  console.log(`${counter.globals.execs} execs; ${delivered} events delivered, ${dropped} dropped`);
}

if (process.argv[1]?.endsWith('exec_count.js')) await main(Number(process.argv[2] ?? 10));
