// Counts the programs that start, three ways that must agree: by a global variable, by a map, by events.
//
//   needs root:  node build/examples/exec_count.js [SECONDS]

import { setTimeout as sleep } from 'node:timers/promises';
import { BpfObject, RingBuffer } from 'bpf-lsm';
import type { ExecCount } from './types/exec_count.js';

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
