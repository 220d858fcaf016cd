// Guards the heap and stack of one process against becoming executable, and prints what it sees.
//
//   bpf-lsm needs root for this:  node build/examples/mprotect_guard.js PID [--enforce]

import { BpfObject, RingBuffer } from 'bpf-lsm';
// Written from the object by `bpf-lsm types`: a misspelt global, map or field below does not compile.
import type { MprotectGuard } from './types/mprotect_guard.js';

export const OBJECT: URL = new URL('../../dist/bpf/examples/mprotect_guard.bpf.o', import.meta.url);

async function main(pid: number, enforce: boolean): Promise<void> {
  const open = BpfObject.open<MprotectGuard>(OBJECT);
  open.globals.target_pid = pid;
  open.globals.mode = enforce ? 'MODE_ENFORCE' : 'MODE_AUDIT';
  using guard = await open.load();
  using link = guard.programs.guard_mprotect.attach();
  console.log(`link ${link.id} guards process ${pid}; Ctrl-C ends it`);

  using events = new RingBuffer(guard.maps.events, { dropped: guard.maps.events_dropped });
  for await (const { comm, pid, area, verdict, error } of events) {
    console.log(`${comm} (${pid}) asked for executable memory on its ${area}: ${verdict}, errno ${error}`);
  }
}

if (process.argv[1]?.endsWith('mprotect_guard.js')) {
  const pid = Number(process.argv[2]);
  if (!Number.isInteger(pid) || pid <= 0) {
    console.error('usage: node mprotect_guard.js PID [--enforce]');
    process.exit(2);
  }
  await main(pid, process.argv.includes('--enforce'));
}
